"""MMHal-Bench: open questions that tempt a model to make things up, rated by a judge from 0 to 6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import RowError
from bench_eval.judges import MM_HAL_JUDGE, read_rating, read_rating_official, read_rating_svco, reply_grader
from bench_eval.measures.mm_hal_measure import measure_mm_hal
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_list
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.task import Profile, Task

QUESTION_TYPES = ("attribute", "adversarial", "comparison", "counting", "relation", "environment", "holistic", "other")
"""In the order in which the file repeats them."""


def read_mm_hal(folder: DataFolder) -> Iterator[Row]:
    """Yield the 96 questions of the response template, whatever answers it holds.

    A picture is taken under the name in its address, as the owners' folder has it, or else under its id.

    Raises:
        FileError, RowError: a file or a field is missing, or a question is of an unknown type.
    """
    for where, record in json_entries(folder.file("response_template.json", "mmhal-bench_answer_template.json")):
        yield _row(folder, record, where)


def _row(folder: DataFolder, record: Mapping[str, Any], where: str) -> Row:
    kind, content = str(need(record, "question_type", where)), need_list(record, "image_content", where)
    if kind not in QUESTION_TYPES:
        raise RowError(f"{where}: question_type must be one of {', '.join(QUESTION_TYPES)}; got {kind!r}.")
    row_id, question = str(need(record, "image_id", where)), str(need(record, "question", where))
    return {
        "id": row_id,
        "task": "mmhal_bench",
        "cluster": row_id,
        "image": _image(folder, row_id, str(need(record, "image_src", where))),
        "messages": user_turn(question),
        "question": question,
        "answer": str(need(record, "gt_answer", where)),
        "image_content": [str(one) for one in content],
        "question_type": kind,
    }


def _image(folder: DataFolder, row_id: str, source: str) -> str:
    named, by_id = f"images/{PurePosixPath(source).name}", f"images/{row_id}.jpg"
    return folder.image(by_id if (folder.root / by_id).exists() else named)


MM_HAL = Task(
    name="mmhal_bench",
    title="MMHal-Bench",
    read=read_mm_hal,
    decoding=Decoding(max_new_tokens=1024),
    judge=MM_HAL_JUDGE,
    profiles=(
        Profile(
            name="selfsight",
            grader=reply_grader(read_rating),
            measure=measure_mm_hal,
            rule="The one rating from 0 to 6 that the judge's reply commits to; an unreadable reply has no score.",
        ),
        Profile(
            name="official",
            grader=reply_grader(read_rating_official),
            measure=measure_mm_hal,
            rule="Exactly one digit after `rating: `; else no score, where the original gives 0.",
        ),
        Profile(
            name="svco",
            grader=reply_grader(read_rating_svco),
            measure=measure_mm_hal,
            rule="Digits after `rating` with or without stars and colon, several averaged; none is no score, where the "
            "original gives 0.",
        ),
    ),
    card=DataCard(
        licence="Apache-2.0",
        address="https://huggingface.co/datasets/Shengcao1006/MMHal-Bench",
        files=(
            DataFile(path="response_template.json", what="96 questions (mmhal-bench_answer_template.json will do)"),
            DataFile(path="images", what="96 pictures, named as at the end of image_src, or {image_id}.jpg"),
        ),
        split="test",
        n=96,
        paper="Sun et al. 2023, Aligning Large Multimodal Models with Factually Augmented RLHF, arXiv 2309.14525",
        notes=(
            "Published scores come from gpt-4-0314 (S-VCO: gpt-4-turbo) and the authors' prompt; another judge or "
            "prompt gives other scores.",
        ),
    ),
)
"""Open answers, no ending after the question."""
