"""CV-Bench: counting, relations, depth and distance, as options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, grade_choice
from bench_eval.measures.cv_bench_measure import measure_cv_bench
from bench_eval.measures.mean_measures import mean_measure
from bench_eval.rules.lmms_eval_short_letters import grade_cv_bench_lmms_eval
from bench_eval.rules.svco_letters import grade_first_characters_svco
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE, grade_vlmevalkit_letter
from bench_eval.tasks.asking_forms import LETTER, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter, need_list
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import line_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_LINES = ("cvbench_test.jsonl", "test.jsonl")
_TABLES = "test*.parquet"
_COPIED = ("type", "source", "source_dataset", "source_filename")


def read_cv_bench(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of `test.jsonl` with `img/`, or of `test_2d.parquet` and `test_3d.parquet`.

    The benchmark's `task` is the row's `kind`; rows that show one source picture share a cluster.

    Raises:
        FileError: none of these is there, or a file can't be read.
        RowError: a row lacks a field, or its answer is none of its options' letters.
    """
    if hub_stands_in(folder, _LINES, _TABLES):
        for where, row in hub_rows(folder, _TABLES):
            yield _row(row, save_cell(folder, row.get("image"), where), where)
        return
    for where, row in line_entries(official_file(folder, _LINES, _TABLES)):
        name = row.get("image") or need(row, "filename", where)
        yield _row(row, folder.image(f"img/{name}"), where)


def _row(row: Mapping[str, Any], image: str, where: str) -> Row:
    options = [str(option) for option in need_list(row, "choices", where)]
    need_letter(row, "answer", where, len(options))
    known = {name: str(need(row, name, where)) for name in _COPIED}
    return {
        "id": str(need(row, "idx", where)),
        "task": "cv_bench",
        "cluster": f"{known['source']}/{known['source_filename']}",
        "image": image,
        "messages": user_turn(f"{need(row, 'prompt', where)}\n{LETTER}"),
        "question": str(need(row, "question", where)),
        "options": options,
        "answer": str(need(row, "answer", where)),
        "kind": str(need(row, "task", where)),
        **known,
    }


CV_BENCH = Task(
    name="cv_bench",
    title="CV-Bench",
    read=read_cv_bench,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=measure_cv_bench,
            rule=f"{CHOICE_RULE} The official mean over sources.",
        ),
        Profile(
            name="svco",
            grader=grade_first_characters_svco,
            measure=measure_cv_bench,
            rule="The first four characters, without brackets and spaces, must be the letter: `B.` is wrong. The "
            "official mean over sources.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_cv_bench_lmms_eval,
            measure=mean_measure(by=("type", "kind", "source")),
            rule="The first letter behind spaces and brackets, whatever follows it. The plain mean over rows.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_vlmevalkit_letter,
            measure=measure_cv_bench,
            rule=f"{VLMEVALKIT_RULE} The kit reports 2D and 3D alone.",
        ),
    ),
    card=DataCard(
        licence="Apache-2.0",
        address="https://huggingface.co/datasets/nyu-visionx/CV-Bench",
        hub="nyu-visionx/CV-Bench",
        files=(
            DataFile(path="test_2d.parquet", what="1,438 questions with pictures, as on the hub", optional=True),
            DataFile(path="test_3d.parquet", what="1,200 questions with pictures, as on the hub", optional=True),
            DataFile(path="test.jsonl", what="all, as first published; or cvbench_test.jsonl", optional=True),
            DataFile(path="img", what="their pictures, under 2D/ and 3D/, with test.jsonl only", optional=True),
        ),
        split="test",
        n=2638,
        paper="Tong et al. 2024, Cambrian-1: a fully open, vision-centric exploration of MLLMs, arXiv 2406.16860",
        notes=(
            "The two tables, or test.jsonl with its pictures, must be there.",
            "The official figure weighs 2D and 3D alike, and ADE20K and COCO alike within 2D; the plain mean differs: "
            "always answering (A) gives 42.8 by the one and 42.1 by the other.",
            "2,112 source pictures: rows of one are no independent evidence, and share a cluster.",
        ),
    ),
)
"""1,438 questions in 2D and 1,200 in 3D."""
