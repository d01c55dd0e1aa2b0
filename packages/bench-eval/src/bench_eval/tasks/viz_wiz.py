"""VizWiz-VQA: questions that blind people asked about photos of their own, some of which can't be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.measures import mean_measure
from bench_eval.rules.soft_accuracy import (
    grade_m4c_any_number,
    grade_vlmevalkit,
    grade_vqa_script,
    grade_vqa_upload,
)
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_texts
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.soft_accuracy_profiles import soft_accuracy_profiles
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Task

UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."
"""Line before the ending, part of the published scores of LLaVA-style models."""
_TABLES = "**/val-*.parquet"


def read_vizwiz(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the validation set.

    Raises:
        FileError: a file is missing or torn.
        RowError: an entry lacks a field.
    """
    return _read_hub(folder) if hub_stands_in(folder, _names("val"), _TABLES) else _read_official(folder)


def read_vizwiz_test(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the test set, whose answers aren't public.

    Raises:
        FileError: the file is missing or torn.
        RowError: an entry lacks a field.
    """
    for where, entry in json_entries(folder.file(*_names("test"))):
        yield _official_row("vizwiz_test", folder, entry, where)


def _names(split: str) -> tuple[str, str]:
    return f"Annotations/{split}.json", f"{split}.json"


def _read_official(folder: DataFolder) -> Iterator[Row]:
    for where, entry in json_entries(official_file(folder, _names("val"), _TABLES)):
        kind = str(need(entry, "answer_type", where))
        answer = need_texts(entry, "answers", where)
        yield _official_row("vizwiz", folder, entry, where) | {"answer": answer, "answer_type": kind}


def _read_hub(folder: DataFolder) -> Iterator[Row]:
    for where, entry in hub_rows(folder, _TABLES):
        # The table has the name of the picture, without its ending, as the id of the question.
        name = f"{Path(str(need(entry, 'question_id', where))).stem}.jpg"
        row = _row("vizwiz", name, save_cell(folder, need(entry, "image", where), where), entry, where)
        kind = str(need(entry, "category", where))
        yield row | {"answer": need_texts(entry, "answers", where), "answer_type": kind}


def _official_row(task: str, folder: DataFolder, entry: Mapping[str, Any], where: str) -> Row:
    name = str(need(entry, "image", where))
    split = "test" if task == "vizwiz_test" else "val"
    return _row(task, name, folder.image(f"{split}/{name}"), entry, where)


def _row(task: str, name: str, image: str, entry: Mapping[str, Any], where: str) -> Row:
    prompt = f"{need(entry, 'question', where)}\n{UNANSWERABLE}\n{WORD_OR_PHRASE}"
    row_id = Path(name).stem
    return {
        "id": row_id,
        "task": task,
        "cluster": row_id,
        "image": image,
        "image_name": name,
        "messages": user_turn(prompt),
    }


_PAPER = "Gurari et al., 2018, VizWiz grand challenge: answering visual questions from blind people, arXiv 1802.08218"
_ADDRESS = "https://vizwiz.org/tasks-and-datasets/vqa/"

VIZWIZ = Task(
    name="vizwiz",
    title="VizWiz-VQA val",
    read=read_vizwiz,
    decoding=Decoding(max_new_tokens=128),
    profiles=soft_accuracy_profiles(
        mean_measure(by=["answer_type"]),
        {
            "official": grade_vqa_script,
            "llava": grade_vqa_upload,
            "lmms-eval": grade_m4c_any_number,
            "vlmevalkit": grade_vlmevalkit,
        },
    ),
    card=DataCard(
        licence="CC-BY-4.0",
        address=_ADDRESS,
        files=(
            DataFile(path="Annotations/val.json", what="questions with ten answers each; or val.json"),
            DataFile(path="val", what="pictures, named VizWiz_val_00000000.jpg"),
        ),
        hub="lmms-lab/VizWiz-VQA",
        split="val",
        n=4319,
        paper=_PAPER,
        notes=("One question to each picture.",),
    ),
)
VIZWIZ_TEST = Task(
    name="vizwiz_test",
    data_name="vizwiz",
    title="VizWiz-VQA test",
    read=read_vizwiz_test,
    decoding=Decoding(max_new_tokens=128),
    profiles=(),
    card=DataCard(
        licence="CC-BY-4.0",
        address=_ADDRESS,
        files=(
            DataFile(path="Annotations/test.json", what="questions; or test.json"),
            DataFile(path="test", what="pictures, named VizWiz_test_00000000.jpg"),
        ),
        split="test",
        n=8000,
        paper=_PAPER,
        notes=("Answers aren't public: `write_vizwiz_upload` makes the file for EvalAI challenge 2185.",),
    ),
)
