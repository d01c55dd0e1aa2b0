"""DocVQA: questions about scanned pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.measures import mean_measure
from bench_eval.rules.anls import grade_anls, grade_anls_vlmevalkit
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_texts
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.json_entries import json_entries
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_NAMES = ("val_v1.0_withQT.json", "val_v1.0.json")
# The hub repository has InfographicVQA beside it, whose files have the same names.
_TABLES = ("**/DocVQA/validation-*.parquet", "**/validation-*.parquet")


def read_docvqa(folder: DataFolder) -> Iterator[Row]:
    """Yield the rows of the validation set.

    Raises:
        FileError: a file is missing or torn.
        RowError: an entry lacks a field.
    """
    if hub_stands_in(folder, _NAMES, *_TABLES):
        for where, entry in hub_rows(folder, *_TABLES):
            yield _row(entry, save_cell(folder, need(entry, "image", where), where), where)
    else:
        for where, entry in json_entries(official_file(folder, _NAMES, *_TABLES), "data"):
            yield _row(entry, folder.image(str(need(entry, "image", where))), where)


def _row(entry: Mapping[str, Any], image: str, where: str) -> Row:
    # Both layouts name the page by the document and its place in it.
    document, page = (need(entry, f"ucsf_document_{name}", where) for name in ("id", "page_no"))
    return {
        "id": str(need(entry, "questionId", where)),
        "task": "docvqa",
        "cluster": f"{document}_{page}",
        "image": image,
        "messages": user_turn(f"{need(entry, 'question', where)}\n{WORD_OR_PHRASE}"),
        "answer": need_texts(entry, "answers", where),
    }


DOCVQA = Task(
    name="docvqa",
    title="DocVQA val",
    read=read_docvqa,
    decoding=Decoding(max_new_tokens=32),
    profiles=(
        Profile(
            name="official",
            grader=grade_anls,
            measure=mean_measure("anls"),
            rule="Likeness to the nearest gold by edits, over the longer text as it came; below one half it is 0.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_anls,
            measure=mean_measure("anls"),
            rule="The official rule.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_anls_vlmevalkit,
            measure=mean_measure("anls"),
            rule="The official rule, but over the longer text without outer and repeated spaces.",
        ),
    ),
    card=DataCard(
        licence="not stated",
        address="https://rrc.cvc.uab.es/?ch=17&com=downloads",
        files=(
            DataFile(path=_NAMES[0], what=f"questions with their answers; or {_NAMES[1]}"),
            DataFile(path="documents", what="pages, as the questions name them"),
        ),
        hub="lmms-lab/DocVQA",
        split="val",
        n=5349,
        paper="Mathew et al., 2021, DocVQA: a dataset for VQA on document images, arXiv 2007.00398",
        notes=("1,286 pages: answers about the same page aren't independent.",),
    ),
)
