"""SEED-Bench: choices about pictures and video frames, whole or the picture part alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, grade_choice
from bench_eval.errors import RowError
from bench_eval.measures import mean_measure
from bench_eval.rules.seed_letters import grade_seed_llava, grade_seed_lmms_eval
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter, need_list, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

QUESTION_TYPES = (
    "Scene Understanding",
    "Instance Identity",
    "Instance Attributes",
    "Instance Location",
    "Instances Counting",
    "Spatial Relation",
    "Instance Interaction",
    "Visual Reasoning",
    "Text Understanding",
    "Action Recognition",
    "Action Prediction",
    "Procedure Understanding",
)
"""Names of the types 1 to 12; from 10 on the questions are about videos."""
_NAME, _TABLES = "SEED-Bench.json", "**/test-*.parquet"
_CHOICES = ("choice_a", "choice_b", "choice_c", "choice_d")


def read_seed_bench(folder: DataFolder, task: str = "seedbench", data_type: str | None = None) -> Iterator[Row]:
    """Yield the questions of `SEED-Bench.json`, or of the hub's Parquet files; of one data type where it is given.

    Rows have `data_type` (`image` or `video`) and `question_type`. A video of the JSON file is one frame from its
    middle; Parquet rows bring their own frames. Questions about one picture share a cluster.

    Raises:
        FileError, RowError: a file or a field is missing, or a question type is unknown.
    """
    for where, question in _questions(folder):
        if data_type in (None, need(question, "data_type", where)):
            yield _row(folder, question, task, where)


def _questions(folder: DataFolder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if hub_stands_in(folder, [_NAME], _TABLES):
        return hub_rows(folder, _TABLES)
    return json_entries(official_file(folder, [_NAME], _TABLES), "questions")


def _row(folder: DataFolder, question: Mapping[str, Any], task: str, where: str) -> Row:
    type_id = need_whole(question, "question_type_id", where)
    if not 1 <= type_id <= len(QUESTION_TYPES):
        raise RowError(f"{where}: question_type_id must lie in 1 to {len(QUESTION_TYPES)}; got {type_id}.")
    options = [str(need(question, name, where)) for name in _CHOICES]
    images = _images(folder, question, type_id, where)
    text = "\n".join([str(need(question, "question", where)), option_lines(options), LETTER])
    return {
        "id": str(need(question, "question_id", where)),
        "task": task,
        "cluster": str(need(question, "data_id", where)),
        "images": images,
        "messages": user_turn(text, len(images)),
        "options": options,
        "answer": need_letter(question, "answer", where, len(options)),
        "data_type": str(need(question, "data_type", where)),
        "question_type": QUESTION_TYPES[type_id - 1],
    }


def _images(folder: DataFolder, question: Mapping[str, Any], type_id: int, where: str) -> list[str]:
    if "image" in question:
        return [save_cell(folder, cell, where) for cell in need_list(question, "image", where)]
    if question["data_type"] == "video":
        return [folder.image(f"SEED-Bench-video-image/{type_id}_{need(question, 'question_id', where)}.png")]
    return [folder.image(f"SEED-Bench-image/{need(question, 'data_id', where)}")]


def read_seed_bench_image(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions about pictures; as of `read_seed_bench`."""
    return read_seed_bench(folder, "seedbench_image", "image")


def seed_profiles(*by: str) -> tuple[Profile, ...]:
    """Give the rules that SEED-Bench and its successor share, with accuracies within these fields."""
    measure = mean_measure(by=by)
    return (
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=measure,
            rule=f"{CHOICE_RULE} Accuracy over all.",
        ),
        Profile(
            name="llava",
            grader=grade_seed_llava,
            measure=measure,
            rule="The answer is the capital letter and nothing else. Accuracy over all.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_seed_lmms_eval,
            measure=measure,
            rule="The first character is the letter, in any case and even where it begins a word. Accuracy over all.",
        ),
    )


_DECODING = Decoding(max_new_tokens=16)
_JSON = DataFile(path=_NAME, what="questions and answers")
_PICTURES = DataFile(path="SEED-Bench-image/", what="pictures, unpacked from SEED-Bench-image.zip")
_FRAMES = DataFile(
    path="SEED-Bench-video-image/",
    what="the middle frame of each video as {question_type_id}_{question_id}.png, as LLaVA's evaluation has them",
    address="https://github.com/AILab-CVC/SEED-Bench/blob/main/DATASET.md",
)
_PAPER = "Li et al., 2023, SEED-Bench: Benchmarking Multimodal LLMs with Generative Comprehension, arXiv 2307.16125"
_NOTES = (
    "The official score ranks the options by likelihood; scores from written letters are another figure.",
    "The paper counts 19,242 questions; the files in use hold about 18,000, some 14,200 of them about pictures.",
)


def _card(*files: DataFile) -> DataCard:
    return DataCard(
        licence="CC-BY-NC-4.0",
        address="https://huggingface.co/datasets/AILab-CVC/SEED-Bench",
        files=files,
        hub="lmms-lab/SEED-Bench",
        split="test",
        paper=_PAPER,
        notes=_NOTES,
    )


SEED_BENCH = Task(
    name="seedbench",
    title="SEED-Bench",
    read=read_seed_bench,
    decoding=_DECODING,
    profiles=seed_profiles("data_type", "question_type"),
    card=_card(_JSON, _PICTURES, _FRAMES),
)
SEED_BENCH_IMAGE = Task(
    name="seedbench_image",
    data_name="seedbench",
    title="SEED-Bench, picture part",
    read=read_seed_bench_image,
    decoding=_DECODING,
    profiles=seed_profiles("question_type"),
    card=_card(_JSON, _PICTURES),
)
