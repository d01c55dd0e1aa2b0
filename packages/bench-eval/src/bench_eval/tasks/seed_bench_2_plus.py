"""SEED-Bench-2-Plus: choices about charts, maps and web pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.json_files import read_json
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.seed_bench import seed_profiles
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Task

_JSON = "SEED-Bench-2-plus-text-rich.json"
_TABLES = "**/test-*.parquet"
_CHOICES = ("choice_A", "choice_B", "choice_C", "choice_D")


def read_seed_bench_2_plus(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of the official JSON file, a list or `{questions: [...]}`, or of the hub's Parquet files.

    Rows have `image_type` (`chart`, `map`, `web`). Questions about one picture share a cluster.

    Raises:
        FileError, RowError: a file or a field is missing.
    """
    for where, question in _questions(folder):
        options = [str(need(question, name, where)) for name in _CHOICES]
        text = "\n".join([str(need(question, "question", where)), option_lines(options), LETTER])
        data_id = str(need(question, "data_id", where))
        yield {
            "id": str(need(question, "question_id", where)),
            "task": "seedbench_2_plus",
            "cluster": data_id,
            "image": save_cell(folder, question["image"], where) if "image" in question else folder.image(data_id),
            "messages": user_turn(text),
            "options": options,
            "answer": need_letter(question, "answer", where, len(options)),
            "image_type": str(need(question, "question_image_type", where)).lower(),
        }


def _questions(folder: DataFolder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if hub_stands_in(folder, [_JSON], _TABLES):
        return hub_rows(folder, _TABLES)
    path = official_file(folder, [_JSON], _TABLES)
    return json_entries(path, "questions" if isinstance(read_json(path), dict) else None)


SEED_BENCH_2_PLUS = Task(
    name="seedbench_2_plus",
    title="SEED-Bench-2-Plus",
    read=read_seed_bench_2_plus,
    decoding=Decoding(max_new_tokens=16),
    profiles=seed_profiles("image_type"),
    card=DataCard(
        licence="CC-BY-NC-4.0",
        address="https://huggingface.co/datasets/AILab-CVC/SEED-Bench-2-plus",
        files=(
            DataFile(path=_JSON, what="questions and answers"),
            DataFile(path="text_rich/", what="pictures, unpacked from text_rich.zip"),
        ),
        hub="doolayer/SEED-Bench-2-Plus",
        split="test",
        n=2277,
        paper="Li et al., 2024, SEED-Bench-2-Plus: Benchmarking Multimodal Large Language Models with Text-Rich Visual "
        "Comprehension, arXiv 2404.16790",
    ),
)
