"""MMMU: exam questions of thirty subjects, with up to seven pictures inside the text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE
from bench_eval.errors import FileError, RowError
from bench_eval.measures import mean_measure
from bench_eval.rules.mmmu import CHOICE, OPEN, grade_mmmu_official, grade_mmmu_selfsight, grade_mmmu_vlmevalkit
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE
from bench_eval.tasks.asking_forms import LETTER, WORD_OR_PHRASE, option_lines
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter
from bench_eval.tasks.hub_tables import hub_rows
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

SUBJECTS = {
    "Art and Design": "Art, Art_Theory, Design, Music",
    "Business": "Accounting, Economics, Finance, Manage, Marketing",
    "Science": "Biology, Chemistry, Geography, Math, Physics",
    "Health and Medicine": "Basic_Medical_Science, Clinical_Medicine, Diagnostics_and_Laboratory_Medicine, Pharmacy, "
    "Public_Health",
    "Humanities and Social Science": "History, Literature, Psychology, Sociology",
    "Tech and Engineering": "Agriculture, Architecture_and_Engineering, Computer_Science, Electronics, "
    "Energy_and_Power, Materials, Mechanical_Engineering",
}
"""Disciplines and their subjects, as ids name them."""
_DISCIPLINE_OF = {subject: name for name, subjects in SUBJECTS.items() for subject in subjects.split(", ")}
_TABLES = "**/validation-*.parquet"
_PLACEHOLDER = re.compile(r"<image (\d)>")
_ID = re.compile(r"validation_(.+)_\d+")


def read_mmmu(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of the hub's `validation-*.parquet` files, in one folder for each subject or merged.

    Rows have `question_type`, `subject` and `discipline`; `answer` is a letter, or for open questions the list of
    accepted answers. `images` holds the pictures in the order in which the text names them, one for each image part.

    Raises:
        FileError, RowError: a file, a field or a picture is missing, or options or answer can't be read.
    """
    if not folder.find(_TABLES):
        raise FileError(f"{folder.root} must hold validation-*.parquet files; there are none.")
    for where, question in hub_rows(folder, _TABLES):
        yield _row(folder, question, where)


def _row(folder: DataFolder, question: Mapping[str, Any], where: str) -> Row:
    row_id, kind = str(need(question, "id", where)), str(need(question, "question_type", where))
    if kind not in (CHOICE, OPEN):
        raise RowError(f"{where}: question_type must be {CHOICE!r} or {OPEN!r}; got {kind!r}.")
    options = _texts(need(question, "options", where), where) if kind == CHOICE else []
    messages, images = _turn(folder, question, options, where)
    answer = need(question, "answer", where)
    subject = _subject(row_id, where)
    return {
        "id": row_id,
        "task": "mmmu",
        "cluster": row_id,
        "images": images,
        "messages": messages,
        "options": options,
        "answer": _accepted(str(answer), where)
        if kind == OPEN
        else need_letter(question, "answer", where, len(options)),
        "question_type": kind,
        "subject": subject,
        "discipline": _DISCIPLINE_OF[subject],
    }


def _turn(
    folder: DataFolder, question: Mapping[str, Any], options: list[str], where: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """The user turn with an image part in the place of each `<image k>`, and the pictures in that order."""
    asked = str(need(question, "question", where))
    text = f"{asked}\n{option_lines(options)}\n\n{LETTER}" if options else f"{asked}\n\n{WORD_OR_PHRASE}"
    pieces = _PLACEHOLDER.split(text)
    content: list[dict[str, Any]] = []
    for piece, number in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        if piece.strip():
            content.append({"type": "text", "text": piece})
        if number:
            content.append({"type": "image"})
    images = [save_cell(folder, question.get(f"image_{number}"), f"{where}, image_{number}") for number in pieces[1::2]]
    return [{"role": "user", "content": content}], images


def _texts(cell: Any, where: str) -> list[str]:
    """The texts of a list, or of a list that is written as Python text."""
    try:
        value = ast.literal_eval(cell) if isinstance(cell, str) else cell
    except (ValueError, SyntaxError) as error:
        raise RowError(f"{where}: expected a list such as \"['2', '3']\"; got {cell!r}.") from error
    if not isinstance(value, list) or not value:
        raise RowError(f"{where}: expected a list of texts that is not empty; got {cell!r}.")
    return [str(one) for one in cast("list[Any]", value)]


def _accepted(answer: str, where: str) -> list[str]:
    return _texts(answer, where) if answer.startswith(("['", '["')) else [answer]


def _subject(row_id: str, where: str) -> str:
    found = _ID.fullmatch(row_id)
    if not found or found[1] not in _DISCIPLINE_OF:
        raise RowError(f"{where}: id must be validation_SUBJECT_NUMBER with one of the 30 subjects; got {row_id!r}.")
    return found[1]


_MEASURE = mean_measure(by=["discipline", "subject", "question_type"])
MMMU = Task(
    name="mmmu",
    title="MMMU, validation",
    read=read_mmmu,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="official",
            grader=grade_mmmu_official,
            measure=_MEASURE,
            rule="MMMU's parser for letters and open answers, which lmms-eval copied; where it would draw a random "
            "option the answer is wrong and unparsed.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_mmmu_vlmevalkit,
            measure=_MEASURE,
            rule=f"{VLMEVALKIT_RULE} An open question is a choice between its answer and `Other Answers`.",
        ),
        Profile(
            name="selfsight",
            grader=grade_mmmu_selfsight,
            measure=_MEASURE,
            rule=f"{CHOICE_RULE} Open answers as MMMU.",
        ),
    ),
    card=DataCard(
        licence="Apache-2.0",
        address="https://huggingface.co/datasets/MMMU/MMMU",
        files=(
            DataFile(path="SUBJECT/validation-*.parquet", what="each subject; merged files in any folder do as well"),
        ),
        hub="MMMU/MMMU",
        split="validation",
        n=900,
        paper="Yue et al., 2024, MMMU: A Massive Multi-discipline Multimodal Understanding and Reasoning Benchmark for "
        "Expert AGI, arXiv 2311.16502",
        notes=("A question that names a picture twice shows it twice; pictures that no text names are not shown.",),
    ),
)
