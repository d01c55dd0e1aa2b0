"""Files to upload where golds aren't public: VQAv2 and VizWiz on EvalAI."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench_eval.errors import FileError, PairingError, RowError
from bench_eval.reasoning import without_thoughts
from bench_eval.rules.vqa_text import normalise_m4c
from bench_eval.tasks.fields import need
from bench_eval.tasks.json_entries import json_entries
from bench_eval.whole_files import write_text_whole


def write_vqav2_upload(
    responses: Iterable[Mapping[str, Any]],
    questions: Iterable[Mapping[str, Any]],
    path: Path,
    *,
    padded_with: Path | None = None,
) -> int:
    """Write the list `{question_id, answer}` of a VQAv2 test set and return its length.

    Answers are what models say outside their thoughts, in the normal form of M4C.

    Args:
        responses: saved rows with `id` and `trials`, one trial each; all of them, or nothing is written.
        questions: rows of the task, such as those that `VQAV2_TEST_DEV.read` yields; the list has their order.
        path: of the file to write.
        padded_with: question file of a larger set (`v2_OpenEnded_mscoco_test2015_questions.json`), whose other
            questions get an empty answer, as LLaVA's uploads of test-dev have it.

    Raises:
        PairingError: a question has no response, or a response no question.
        RowError: a row has no trial or several, or an id twice.
        FileError: the larger set can't be read or lacks a question of the smaller.
    """
    answers = {int(row_id): answer for row_id, answer in _answers(responses, questions).items()}
    ids = list(answers) if padded_with is None else _larger_set(padded_with, answers)
    write_text_whole(path, json.dumps([{"question_id": row_id, "answer": answers.get(row_id, "")} for row_id in ids]))
    return len(ids)


def write_vizwiz_upload(
    responses: Iterable[Mapping[str, Any]], questions: Iterable[Mapping[str, Any]], path: Path
) -> int:
    """Write the list `{image, answer}` of a VizWiz test set and return its length; answers as for VQAv2.

    Args:
        responses: saved rows with `id` and `trials`, one trial each; all of them, or nothing is written.
        questions: rows of the task, such as those that `VIZWIZ_TEST.read` yields; the list has their order.
        path: of the file to write.

    Raises:
        PairingError: a question has no response, or a response no question.
        RowError: a row has no trial or several, or an id twice.
    """
    asked = list(questions)
    answers = _answers(responses, asked)
    write_text_whole(
        path, json.dumps([{"image": row["image_name"], "answer": answers[str(row["id"])]} for row in asked])
    )
    return len(asked)


def _answers(responses: Iterable[Mapping[str, Any]], questions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Map the id of each question, in their order, to the answer in normal form."""
    said = _by_id(responses)
    asked = _by_id(questions)
    missing, unknown = [name for name in asked if name not in said], [name for name in said if name not in asked]
    if missing or unknown:
        raise PairingError(
            f"an upload needs one response to each of {len(asked)} questions; {len(missing)} are missing, "
            f"{len(unknown)} are to no question (first: {(missing + unknown)[0]!r}). Run the task to its end first."
        )
    return {row_id: normalise_m4c(without_thoughts(_text(said[row_id]))) for row_id in asked}


def _by_id(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        row_id = str(need(row, "id", "a row"))
        if row_id in found:
            raise RowError(f"ids must be unique within an upload; {row_id!r} occurs twice.")
        found[row_id] = row
    return found


def _text(row: Mapping[str, Any]) -> str:
    trials: Sequence[Mapping[str, Any]] = row.get("trials") or ()
    if len(trials) != 1:
        raise RowError(f"an upload needs one trial of row {row['id']!r}; got {len(trials)}. Ask with n=1.")
    return str(need(trials[0], "text", f"row {row['id']!r}"))


def _larger_set(path: Path, answers: Mapping[int, str]) -> list[int]:
    ids = [int(need(entry, "question_id", where)) for where, entry in json_entries(path, "questions")]
    left = set(answers).difference(ids)
    if left:
        raise FileError(f"{path} must hold all questions of the upload; {len(left)} aren't there (first: {min(left)}).")
    return ids
