"""ChartQA: questions about charts, one half asked by people, the other made from captions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import FileError
from bench_eval.measures import mean_measure
from bench_eval.rules.relaxed_accuracy import grade_relaxed, grade_relaxed_vlmevalkit
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

SINGLE_WORD = "Answer the question with a single word."
"""Ending of the published scores."""
PARTS = ("human", "augmented")
"""Who asked; the test set is one half of each."""
_TABLES = "**/test-*.parquet"


def read_chartqa(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the test set; the files have no ids, so `human-1` is the first of its part.

    Raises:
        FileError: a file is missing or torn, or names a part that isn't known.
        RowError: an entry lacks a field.
    """
    return _read_hub(folder) if hub_stands_in(folder, map(_name, PARTS), _TABLES) else _read_official(folder)


def _name(part: str) -> str:
    return f"test/test_{part}.json"


def _read_official(folder: DataFolder) -> Iterator[Row]:
    for part in PARTS:
        for number, (where, entry) in enumerate(json_entries(official_file(folder, [_name(part)], _TABLES)), start=1):
            name = str(need(entry, "imgname", where))
            question, answer = str(need(entry, "query", where)), str(need(entry, "label", where))
            yield _row(part, number, folder.image(f"test/png/{name}"), question, answer)


def _read_hub(folder: DataFolder) -> Iterator[Row]:
    seen: Counter[str] = Counter()
    for where, entry in hub_rows(folder, _TABLES):
        part = str(need(entry, "type", where)).removesuffix("_test")
        if part not in PARTS:
            raise FileError(f"{where}: type must be human_test or augmented_test; got {entry['type']!r}.")
        seen[part] += 1
        image = save_cell(folder, need(entry, "image", where), where)
        yield _row(part, seen[part], image, str(need(entry, "question", where)), str(need(entry, "answer", where)))


def _row(part: str, number: int, image: str, question: str, answer: str) -> Row:
    return {
        "id": f"{part}-{number}",
        "task": "chartqa",
        "cluster": Path(image).stem,
        "image": image,
        "messages": user_turn(f"{question}\n{SINGLE_WORD}"),
        "answer": answer,
        "part": part,
    }


_MEASURE = mean_measure("relaxed accuracy", by=["part"])

CHARTQA = Task(
    name="chartqa",
    title="ChartQA test",
    read=read_chartqa,
    decoding=Decoding(max_new_tokens=16),
    profiles=(
        Profile(
            name="lmms-eval",
            grader=grade_relaxed,
            measure=_MEASURE,
            rule="Numbers within 5% of the gold, other texts equal but for capitals; outer spaces of words count.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_relaxed_vlmevalkit,
            measure=_MEASURE,
            rule="As lmms-eval, without the outer spaces of the answer.",
        ),
    ),
    card=DataCard(
        licence="GPL-3.0-only",
        address="https://github.com/vis-nlp/ChartQA",
        files=(
            *(DataFile(path=_name(part), what=f"questions of the {part} part with answers") for part in PARTS),
            DataFile(path="test/png", what="charts"),
        ),
        hub="lmms-lab/ChartQA",
        split="test",
        n=2500,
        paper="Masry et al., 2022, ChartQA: a benchmark for question answering about charts, arXiv 2203.10244",
        notes=("A number with a comma, 1,000, is compared as a word; so is any number where the gold is 0.",),
    ),
)
