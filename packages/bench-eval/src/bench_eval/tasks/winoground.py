"""Winoground: two pictures and two captions of the same words; which belongs to which?

Models that answer in words give no scores to compare, so each item is asked as four choices between two: which caption
fits, for each picture, and which picture fits, for each caption. Four yes/no questions would not do: text, image and
group score would then all demand the same four answers. A guess gets the text score in 1 of 4 items, the image score in
1 of 4, and the group score in 1 of 16; whoever always says A gets none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, LETTERS, grade_choice
from bench_eval.measures.winoground_measure import measure_winoground
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

PICTURES = ("the first image", "the second image")
"""Options where the picture is asked for."""
_LINES, _TABLES = ("data/examples.jsonl", "examples.jsonl"), "**/*.parquet"


def read_winoground(folder: DataFolder) -> Iterator[Row]:
    """Yield four questions an item, of `data/examples.jsonl` with the unpacked pictures beside it, or of Parquet files.

    Raises:
        FileError: neither is there, or a line is no object.
        RowError: an item lacks a field.
    """
    stands_in = hub_stands_in(folder, _LINES, _TABLES)
    yield from _items(_hub_items(folder) if stands_in else _line_items(folder, official_file(folder, _LINES, _TABLES)))


def _line_items(folder: DataFolder, path: Path) -> Iterator[tuple[Mapping[str, Any], str, list[str]]]:
    inner = path.parent.relative_to(folder.root)
    for where, item in line_entries(path):
        names = [str(need(item, f"image_{k}", where)) for k in (0, 1)]
        yield item, where, [folder.image(str(inner / "images" / f"{name}.png")) for name in names]


def _hub_items(folder: DataFolder) -> Iterator[tuple[Mapping[str, Any], str, list[str]]]:
    for where, item in hub_rows(folder, _TABLES):
        yield item, where, [save_cell(folder, need(item, f"image_{k}", where), where) for k in (0, 1)]


def _items(items: Iterator[tuple[Mapping[str, Any], str, list[str]]]) -> Iterator[Row]:
    for item, where, images in items:
        name, tag = str(need(item, "id", where)), str(need(item, "collapsed_tag", where))
        captions = [str(need(item, f"caption_{k}", where)) for k in (0, 1)]
        shared = {"item": name, "tag": tag}
        for k in (0, 1):
            asked = "Which caption fits the image?"
            yield _row("text", k, [images[k]], asked, captions, shared)
        for k in (0, 1):
            asked = f'Which of the two images does this caption fit: "{captions[k].strip()}"?'
            yield _row("image", k, images, asked, PICTURES, shared)


def _row(side: str, k: int, images: list[str], asked: str, options: Sequence[str], shared: Mapping[str, str]) -> Row:
    return {
        "id": f"{shared['item']}/{side}-{k}",
        "task": "winoground",
        "cluster": shared["item"],
        "images": images,
        "messages": user_turn(f"{asked}\n{option_lines(options)}\n{LETTER}", len(images)),
        "answer": LETTERS[k],
        "options": list(options),
        "side": side,
        **shared,
    }


WINOGROUND = Task(
    name="winoground",
    title="Winoground",
    read=read_winoground,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=measure_winoground,
            rule=f"{CHOICE_RULE} An item counts as a whole when all four of its choices are right.",
        ),
    ),
    card=DataCard(
        licence="Meta's research licence for Winoground; access on request",
        address="https://huggingface.co/datasets/facebook/winoground",
        files=(
            DataFile(path="data/examples.jsonl", what="400 items of two captions and the names of two pictures"),
            DataFile(path="data/images/", what="800 pictures, unpacked from data/images.zip"),
        ),
        hub="facebook/winoground",
        split="test",
        n=1600,
        n_units=400,
        paper="Thrush et al. 2022, Winoground: Probing Vision and Language Models for Visio-Linguistic "
        "Compositionality, arXiv 2204.03162",
        notes=(
            "400 items of four questions each. The paper compares a model's scores of pictures with captions; here "
            "each comparison is a choice, so chance is 25, 25 and 6.25 % instead of 25, 25 and 16.67 %.",
            "Half of the questions show two pictures: the model must take several.",
        ),
    ),
)
"""All 400 items."""
