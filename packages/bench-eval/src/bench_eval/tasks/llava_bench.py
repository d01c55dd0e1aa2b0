"""LLaVA-Bench (in the wild): open questions, answers judged beside those of a text model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import RowError
from bench_eval.judges import (
    LLAVA_BENCH_JUDGE,
    read_score_pair,
    read_score_pair_lmms_eval,
    read_score_pair_official,
    reply_grader,
)
from bench_eval.measures.relative_score_measure import relative_score_measure
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

CATEGORIES = ("conv", "detail", "complex")
"""Conversation, detailed description, complex reasoning."""
_TABLES = "**/*.parquet"


def read_llava_bench(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions with descriptions and reference answers, joined by image and by id, never by order.

    Reads `questions.jsonl`, `context.jsonl` and `answers_gpt4.jsonl`, or the hub's Parquet files.

    Raises:
        FileError, RowError: a file, a field, a description or a reference answer is missing.
    """
    if hub_stands_in(folder, ["questions.jsonl"], _TABLES):
        for where, record in hub_rows(folder, _TABLES):
            yield _hub_row(folder, record, where)
        return
    contexts = _by(folder, "context.jsonl", "image", "caption")
    references = _by(folder, "answers_gpt4.jsonl", "question_id", "text")
    for where, record in line_entries(official_file(folder, ["questions.jsonl"], _TABLES)):
        name, row_id = str(need(record, "image", where)), str(need(record, "question_id", where))
        context, reference = (
            need(contexts, name, f"{where}: context.jsonl"),
            need(references, row_id, f"{where}: answers_gpt4.jsonl"),
        )
        question, image = str(need(record, "text", where)), folder.image(f"images/{name}")
        yield _row(row_id, name, image, question, context, reference, need(record, "category", where), where)


def _by(folder: DataFolder, name: str, key: str, value: str) -> dict[str, Any]:
    entries = line_entries(folder.file(name))
    return {str(need(record, key, where)): need(record, value, where) for where, record in entries}


def _hub_row(folder: DataFolder, record: Mapping[str, Any], where: str) -> Row:
    image = save_cell(folder, need(record, "image", where), where)
    row_id, question = str(need(record, "question_id", where)), str(need(record, "question", where))
    context, reference = need(record, "caption", where), need(record, "gpt_answer", where)
    return _row(row_id, Path(image).name, image, question, context, reference, need(record, "category", where), where)


def _row(
    row_id: str, cluster: str, image: str, question: str, context: Any, reference: Any, category: str, where: str
) -> Row:
    if category not in CATEGORIES:
        raise RowError(f"{where}: category must be one of {', '.join(CATEGORIES)}; got {category!r}.")
    lines = cast("list[Any]", context) if isinstance(context, list) else [context]
    return {
        "id": row_id,
        "task": "llava_bench",
        "cluster": cluster,
        "image": image,
        "messages": user_turn(question),
        "question": question,
        "answer": str(reference),
        "context": "\n".join(str(line) for line in lines),
        "category": category,
    }


LLAVA_BENCH = Task(
    name="llava_bench",
    title="LLaVA-Bench (in the wild)",
    read=read_llava_bench,
    decoding=Decoding(max_new_tokens=1024),
    judge=LLAVA_BENCH_JUDGE,
    profiles=(
        Profile(
            name="selfsight",
            grader=reply_grader(read_score_pair),
            measure=relative_score_measure(),
            rule="Two scores on a line of their own, however parted; an unreadable reply has no score.",
        ),
        Profile(
            name="official",
            grader=reply_grader(read_score_pair_official),
            measure=relative_score_measure(mean_decimals=3),
            rule="Exactly two numbers on the first line, parted by one blank or comma, means rounded to 3 decimals; "
            "else no score, where the original averages -1 in.",
        ),
        Profile(
            name="vlmevalkit",
            grader=reply_grader(read_score_pair_official),
            measure=relative_score_measure(),
            rule="Read as official, means not rounded; else no score, where the original averages -1 in.",
        ),
        Profile(
            name="lmms-eval",
            grader=reply_grader(read_score_pair_lmms_eval),
            measure=relative_score_measure(mean_decimals=3),
            rule="The first two numbers of the first line, means rounded to 3 decimals; else no score, where the "
            "original averages -1 in.",
        ),
    ),
    card=DataCard(
        licence="Apache-2.0",
        address="https://huggingface.co/datasets/liuhaotian/llava-bench-in-the-wild",
        hub="lmms-lab/llava-bench-in-the-wild",
        files=(
            DataFile(path="questions.jsonl", what="60 questions"),
            DataFile(path="context.jsonl", what="24 descriptions"),
            DataFile(path="answers_gpt4.jsonl", what="60 reference answers"),
            DataFile(path="images", what="24 pictures"),
        ),
        split="test",
        n=60,
        paper="Liu et al. 2023, Visual Instruction Tuning, arXiv 2304.08485",
        notes=(
            "Published scores come from gpt-4-0314 (S-VCO: gpt-4-0613) and the authors' prompt; another judge or "
            "prompt gives other scores.",
            "The reference answer always comes first, so a judge's liking for a place is part of the score.",
        ),
    ),
)
"""Open answers, no ending after the question."""
