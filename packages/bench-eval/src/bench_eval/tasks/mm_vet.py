"""MM-Vet: open questions that need several abilities at once, graded by a judge from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import RowError
from bench_eval.judges import (
    MM_VET_JUDGE,
    read_correctness,
    read_correctness_official,
    read_correctness_vlmevalkit,
    reply_grader,
)
from bench_eval.measures.mm_vet_measure import measure_mm_vet
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_list
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import named_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

CAPABILITIES = ("rec", "ocr", "know", "gen", "spat", "math")
"""Recognition, reading, knowledge, language generation, spatial awareness, arithmetic."""
_NAMES, _TABLES = ("mm-vet.json", "mm-vet/mm-vet.json"), "**/*.parquet"


def read_mm_vet(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of `mm-vet.json`, or of the hub's Parquet files; each adds what it needs as `capabilities`.

    Raises:
        FileError, RowError: a file or a field is missing.
    """
    if hub_stands_in(folder, _NAMES, _TABLES):
        for where, record in hub_rows(folder, _TABLES):
            yield _hub_row(folder, record, where)
        return
    path = official_file(folder, _NAMES, _TABLES)
    pictures = path.parent.relative_to(folder.root) / "images"
    for where, row_id, record in named_entries(path):
        name = str(need(record, "imagename", where))
        named = [str(one) for one in need_list(record, "capability", where)]
        yield _row(row_id, name, folder.image(str(pictures / name)), record, named, where)


def _hub_row(folder: DataFolder, record: Mapping[str, Any], where: str) -> Row:
    image = save_cell(folder, need(record, "image", where), where)
    named = str(need(record, "capability", where)).split(",")
    return _row(str(need(record, "question_id", where)), Path(image).name, image, record, named, where)


def _row(row_id: str, cluster: str, image: str, record: Mapping[str, Any], named: list[str], where: str) -> Row:
    needed = {one.strip() for one in named}
    if not needed or not needed <= set(CAPABILITIES):
        raise RowError(f"{where}: capability must name some of {', '.join(CAPABILITIES)}; got {named!r}.")
    capabilities = [one for one in CAPABILITIES if one in needed]
    question = str(need(record, "question", where))
    return {
        "id": row_id,
        "task": "mmvet",
        "cluster": cluster,
        "image": image,
        "messages": user_turn(question),
        "question": question,
        "answer": str(need(record, "answer", where)),
        "capabilities": capabilities,
        "integration": "+".join(capabilities),
    }


MM_VET = Task(
    name="mmvet",
    title="MM-Vet",
    read=read_mm_vet,
    decoding=Decoding(max_new_tokens=1024),
    judge=MM_VET_JUDGE,
    profiles=(
        Profile(
            name="selfsight",
            grader=reply_grader(read_correctness),
            measure=measure_mm_vet,
            rule="The one number from 0 to 1 that the judge's reply commits to; an unreadable reply has no score.",
        ),
        Profile(
            name="official",
            grader=reply_grader(read_correctness_official),
            measure=measure_mm_vet,
            rule="What stands before the first space must be a number from 0 to 1; else no score, where the original "
            "gives 0 (lmms-eval reads alike).",
        ),
        Profile(
            name="vlmevalkit",
            grader=reply_grader(read_correctness_vlmevalkit),
            measure=measure_mm_vet,
            rule="The whole reply must be a number from 0 to 1; else no score, where the original gives 0.",
        ),
    ),
    card=DataCard(
        licence="CC BY-NC 4.0",
        address="https://github.com/yuweihao/MM-Vet",
        hub="lmms-lab/MMVet",
        files=(
            DataFile(path="mm-vet.json", what="218 questions", address="release v1, mm-vet.zip, unpacked"),
            DataFile(path="images", what="200 pictures"),
        ),
        split="test",
        n=218,
        paper="Yu et al. 2023, MM-Vet: Evaluating Large Multimodal Models for Integrated Capabilities, "
        "arXiv 2308.02490",
        notes=(
            "Published scores come from gpt-4-0613 and the authors' prompt; another judge or prompt gives "
            "other scores.",
            "The paper judges each answer five times and gives mean and standard deviation: judge with runs=5.",
        ),
    ),
)
"""Open answers, no ending after the question."""
