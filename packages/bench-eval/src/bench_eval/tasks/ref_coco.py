"""RefCOCO, RefCOCO+ and RefCOCOg: a box for each referring expression, in eight splits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from box_space import ImageError, open_image
from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import FileError, RowError
from bench_eval.measures.grounding_measure import measure_grounding
from bench_eval.rules.boxes_in_text import (
    grade_box_lmms_eval,
    grade_box_of_fractions,
    grade_box_of_padded_fractions,
    grade_box_vlmevalkit,
    true_box,
)
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_list, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

SPLITS = {
    "refcoco_val": 10834,
    "refcoco_testA": 5657,
    "refcoco_testB": 5095,
    "refcoco+_val": 10758,
    "refcoco+_testA": 5726,
    "refcoco+_testB": 4889,
    "refcocog_val": 4896,
    "refcocog_test": 9602,
}
"""Splits as papers report them (UNC for RefCOCO and RefCOCO+, UMD for RefCOCOg), and how many expressions each has."""
ASKING = (
    "Give the box as [x0, y0, x1, y1]: its left, top, right and bottom edge, as fractions from 0 to 1 of the image's "
    "width and height.\nPlease provide the bounding box coordinate of the region this sentence describes: "
)
"""Before the expression. The second sentence is the one that LLaVA-1.5 was trained with."""
_HUB = {"refcoco": "RefCOCO", "refcoco+": "RefCOCOplus", "refcocog": "RefCOCOg"}


def read_ref_coco(splits: Sequence[str], task: str) -> Callable[[DataFolder], Iterator[Row]]:
    """Make the reader of some splits; every one of them must be in the folder.

    Each is `SPLIT.jsonl` (`image, sent, bbox, width, height`, corners in pixels) with the pictures in `train2014/`,
    or the Parquet files of lmms-lab's repository in a folder of its name. Raises (at the first row) FileError where
    neither is there, and RowError at a row that lacks a field.
    """

    def read(folder: DataFolder) -> Iterator[Row]:
        sources = [_source(folder, split) for split in splits]
        for split, source in zip(splits, sources, strict=True):
            if isinstance(source, Path):
                yield from _line_rows(folder, source, split, task)
            else:
                yield from _hub_rows(folder, source, split, task)

    return read


def _source(folder: DataFolder, split: str) -> Path | str:
    """The file of lines, or the pattern of the hub's files."""
    lines = f"{split}.jsonl", f"refcoco/{split}.jsonl"
    name, part = split.rsplit("_", 1)
    tables = f"{_HUB[name]}/**/{part}-*.parquet"
    return tables if hub_stands_in(folder, lines, tables) else official_file(folder, lines, tables)


def _line_rows(folder: DataFolder, path: Path, split: str, task: str) -> Iterator[Row]:
    for number, (where, item) in enumerate(line_entries(path), start=1):
        name = Path(str(need(item, "image", where))).name
        size_wh = need_whole(item, "width", where), need_whole(item, "height", where)
        box_xyxy_px = _checked(_four(item, where), where)
        image, expression = folder.image(f"train2014/{name}"), str(need(item, "sent", where))
        yield _row(task, split, str(number), image, name, expression, box_xyxy_px, size_wh)


def _hub_rows(folder: DataFolder, pattern: str, split: str, task: str) -> Iterator[Row]:
    for where, item in hub_rows(folder, pattern):
        image = save_cell(folder, need(item, "image", where), where)
        x, y, width, height = _four(item, where)
        box_xyxy_px = _checked([x, y, x + width, y + height], where)
        name, question_id = str(need(item, "file_name", where)), str(need(item, "question_id", where))
        for k, expression in enumerate(need_list(item, "answer", where)):
            row_id = f"{question_id}#{k}"
            yield _row(task, split, row_id, image, name, str(expression), box_xyxy_px, _size_wh(image))


@lru_cache(maxsize=4096)
def _size_wh(image: str) -> tuple[int, int]:
    """Of a picture, opened once for all regions in it."""
    try:
        return open_image(image).size
    except ImageError as error:
        raise FileError(str(error)) from error


def _four(item: Mapping[str, Any], where: str) -> list[float]:
    values = need_list(item, "bbox", where)
    if len(values) != 4 or not all(isinstance(value, int | float) for value in values):
        raise RowError(f"{where}: bbox must be four numbers; got {values}.")
    return [float(value) for value in values]


def _checked(box_xyxy_px: list[float], where: str) -> list[float]:
    true_box({"id": where, "box_xyxy_px": box_xyxy_px})
    return box_xyxy_px


def _row(
    task: str,
    split: str,
    row_id: str,
    image: str,
    file_name: str,
    expression: str,
    box_xyxy_px: list[float],
    size_wh: tuple[int, int],
) -> Row:
    return {
        "id": f"{split}/{row_id}",
        "task": task,
        "cluster": coco_picture(file_name),
        "image": image,
        "messages": user_turn(ASKING + expression.strip()),
        "answer": str(box_xyxy_px),
        "split": split,
        "expression": expression,
        "box_xyxy_px": box_xyxy_px,
        "width": size_wh[0],
        "height": size_wh[1],
    }


def coco_picture(file_name: str) -> str:
    """Return the name of the COCO picture that a file name begins with; its stem where it begins with none.

    >>> coco_picture("COCO_train2014_000000546154_298801.jpg"), coco_picture("other.jpg")
    ('COCO_train2014_000000546154', 'other')
    """
    match = re.match(r"COCO_[a-z]+\d{4}_\d{12}", file_name)
    return match[0] if match else Path(file_name).stem


PROFILES = (
    Profile(
        name="selfsight",
        grader=grade_box_of_fractions,
        measure=measure_grounding,
        rule="The only box in the text, as fractions of the picture as it is; several boxes, numbers beyond 1 and "
        "corners the wrong way round are no answer.",
    ),
    Profile(
        name="llava",
        grader=grade_box_of_padded_fractions,
        measure=measure_grounding,
        rule="As selfsight, but the fractions are of the picture padded to a square, as LLaVA-1.5 learns them.",
    ),
    Profile(
        name="lmms-eval",
        grader=grade_box_lmms_eval,
        measure=measure_grounding,
        rule="The first four decimals in square brackets, as fractions, neither clipped nor sorted; without them there "
        "is no answer, where the original takes [0, 0, 0, 0].",
    ),
    Profile(
        name="vlmevalkit",
        grader=grade_box_vlmevalkit,
        measure=measure_grounding,
        rule="Four numbers in square brackets or the first four anywhere; fractions up to 1.5, thousandths up to 1000, "
        "else pixels; clipped, corners sorted.",
    ),
)


def _card(splits: Mapping[str, int], split: str) -> DataCard:
    lines = tuple(DataFile(path=f"{name}.jsonl", what=f"{n:,} expressions, one a line") for name, n in splits.items())
    pictures = DataFile(path="train2014/", what="pictures of COCO train2014", address="https://cocodataset.org")
    return DataCard(
        licence="not stated; pictures of COCO: Flickr's terms",
        address="https://github.com/lichengunc/refer",
        files=(*lines, pictures),
        hub=", ".join(dict.fromkeys(f"lmms-lab/{_HUB[name.rsplit('_', 1)[0]]}" for name in splits)),
        split=split,
        n=sum(splits.values()),
        paper="Yu et al. 2016, Modeling Context in Referring Expressions, arXiv 1608.00272; Mao et al. 2016, "
        "Generation and Comprehension of Unambiguous Object Descriptions, arXiv 1511.02283",
        notes=(
            "The lines are those that Qwen-VL and InternVL evaluate with: the authors' own files are pickles, which "
            "are not opened here. Each hub repository goes into a folder of its name, such as RefCOCO/data/.",
            "The hub's val splits of RefCOCO and RefCOCOg have 8,811 and 7,573 regions, 5,000 more each than the UNC "
            "and UMD splits of the papers: scores on them are other scores.",
            "Boxes in thousandths or pixels are no answer to the default profile; vlmevalkit guesses the unit.",
        ),
    )


def _title(name: str) -> str:
    """As people write a split: `RefCOCO+ testA`."""
    dataset, _, split = name.partition("_")
    return f"{dataset.replace('refcoco', 'RefCOCO')} {split}"


def _task(name: str, title: str, splits: Mapping[str, int], split: str) -> Task:
    return Task(
        name=name,
        data_name="refcoco",
        title=title,
        read=read_ref_coco(tuple(splits), name),
        decoding=Decoding(max_new_tokens=128),
        profiles=PROFILES,
        card=_card(splits, split),
    )


REF_COCO = _task("refcoco", "RefCOCO, RefCOCO+ and RefCOCOg (mean of 8 splits)", SPLITS, "all eight")
"""The eight splits, the headline being their plain mean."""
REF_COCO_SPLITS = tuple(_task(name, _title(name), {name: n}, name) for name, n in SPLITS.items())
"""Each split by itself."""
