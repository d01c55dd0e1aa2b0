"""GQA: questions made from scene graphs, which need several steps of reasoning; testdev, balanced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import FileError
from bench_eval.measures import mean_measure
from bench_eval.rules.exact_text import (
    grade_gqa,
    grade_gqa_llava,
    grade_gqa_lmms_eval,
    grade_gqa_official,
    grade_gqa_vlmevalkit,
)
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_object
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import named_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_QUESTIONS = "testdev_balanced_questions.json"
_NAMES = (_QUESTIONS, f"questions1.2/{_QUESTIONS}")
_TABLES = "**/testdev_balanced_instructions/*.parquet"
_PICTURES = "**/testdev_balanced_images/*.parquet"


def read_gqa(folder: DataFolder) -> Iterator[Row]:
    """Yield the balanced questions of testdev; others, where the file has them, are no part of the score.

    Raises:
        FileError: a file is missing or torn, or a picture isn't there.
        RowError: an entry lacks a field.
    """
    return _read_hub(folder) if hub_stands_in(folder, _NAMES, _TABLES) else _read_official(folder)


def _read_official(folder: DataFolder) -> Iterator[Row]:
    for where, row_id, question in named_entries(official_file(folder, _NAMES, _TABLES)):
        if need(question, "isBalanced", where):
            yield _row(row_id, folder.image(f"images/{need(question, 'imageId', where)}.jpg"), question, where)


def _read_hub(folder: DataFolder) -> Iterator[Row]:
    pictures = {
        str(need(entry, "id", where)): save_cell(folder, need(entry, "image", where), where)
        for where, entry in hub_rows(folder, _PICTURES)
    }
    for where, entry in hub_rows(folder, _TABLES):
        name = str(need(entry, "imageId", where))
        if name not in pictures:
            raise FileError(f"{where}: no picture {name} in {_PICTURES}. Download testdev_balanced_images too.")
        if need(entry, "isBalanced", where):
            yield _row(str(need(entry, "id", where)), pictures[name], entry, where)


def _row(row_id: str, image: str, entry: Mapping[str, Any], where: str) -> Row:
    types = need_object(entry, "types", where)
    structural = str(need(types, "structural", where))
    return {
        "id": row_id,
        "task": "gqa",
        "cluster": str(need(entry, "imageId", where)),
        "image": image,
        "messages": user_turn(f"{need(entry, 'question', where)}\n{WORD_OR_PHRASE}"),
        "answer": str(need(entry, "answer", where)),
        "form": "open" if structural == "query" else "binary",
        "structural": structural,
        "semantic": str(need(types, "semantic", where)),
    }


_MEASURE = mean_measure(by=["form", "structural", "semantic"])

GQA = Task(
    name="gqa",
    title="GQA testdev, balanced",
    read=read_gqa,
    decoding=Decoding(max_new_tokens=16),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_gqa,
            measure=_MEASURE,
            rule="Equal to the gold without outer spaces, capitals and periods at the end.",
        ),
        Profile(
            name="official",
            grader=grade_gqa_official,
            measure=_MEASURE,
            rule="Equal to the gold as it stands: capitals, periods and spaces count.",
        ),
        Profile(
            name="llava",
            grader=grade_gqa_llava,
            measure=_MEASURE,
            rule="Equal to the gold without capitals and periods at the end; spaces count.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_gqa_lmms_eval,
            measure=_MEASURE,
            rule="Equal without capitals and ASCII punctuation on both sides; spaces count.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_gqa_vlmevalkit,
            measure=_MEASURE,
            rule="Equal without outer spaces and capitals; `yes.` is wrong.",
        ),
    ),
    card=DataCard(
        licence="CC-BY-4.0",
        address="https://cs.stanford.edu/people/dorarad/gqa/download.html",
        files=(
            DataFile(path=_QUESTIONS, what="questions by id; or in questions1.2, as unpacked"),
            DataFile(path="images", what="pictures, named {imageId}.jpg"),
        ),
        hub="lmms-lab/GQA",
        split="testdev, balanced",
        n=12578,
        paper="Hudson and Manning, 2019, GQA: a new dataset for real-world visual reasoning, arXiv 1902.09506",
        notes=(
            "398 pictures: answers about the same picture aren't independent.",
            "Of the hub's data set, testdev_balanced_instructions and testdev_balanced_images are read.",
        ),
    ),
)
