"""Questions on images out of a LLaVA mix; nothing is dropped without a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from roi_attention.errors import ZoomError
from roi_attention.zoom.question_keys import question_key
from roi_attention.zoom.wording import IMAGE_MARK, checked_text

_MARK = re.compile(r"\n?(?:<im_start>)?<image>(?:<im_end>)?\n?")
_SPEAKERS = {"human": "human", "user": "human", "gpt": "gpt", "assistant": "gpt"}


@dataclass(frozen=True)
class ZoomQuestion:
    """One question on one image, with its answer."""

    key: str
    """`question_key` of data set, row and question."""
    dataset: str
    id: str
    """Of the row."""
    image: str
    """Its path, as the row has it."""
    question: str
    """Without the image placeholder; instructions of the data set stay in it."""
    answer: str
    turn: int
    """Place in the conversation, from 0."""
    index: int
    """Place of the row in the mix, from 0; for published files only."""


@dataclass(frozen=True)
class MixRow:
    """A row with an image, and its usable questions in order."""

    row: Mapping[str, Any]
    """As it was."""
    questions: tuple[ZoomQuestion, ...]

    def others(self, question: ZoomQuestion) -> tuple[tuple[str, str], ...]:
        """The row's other questions with their answers, in order."""
        return tuple((other.question, other.answer) for other in self.questions if other.turn != question.turn)


@dataclass(frozen=True)
class SkippedQuestion:
    """A row, or one question of it, that cannot be used."""

    index: int
    """Place of the row in the mix, from 0."""
    id: str
    turn: int | None
    """Place of the question; None: the whole row."""
    reason: str
    """A slug to count by."""
    detail: str


@dataclass(frozen=True)
class Mix:
    """A mix sorted into what can be zoomed into and what cannot."""

    image_rows: tuple[MixRow, ...]
    """Rows with at least one usable question."""
    text_rows: tuple[Mapping[str, Any], ...]
    """Rows without an image, untouched."""
    skipped: tuple[SkippedQuestion, ...]

    @property
    def questions(self) -> tuple[ZoomQuestion, ...]:
        """All usable questions, in order."""
        return tuple(question for row in self.image_rows for question in row.questions)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of skipped rows and questions for each reason."""
        return dict(Counter(skipped.reason for skipped in self.skipped))


def read_mix(rows: Iterable[Mapping[str, Any]], *, dataset: str) -> Mix:
    """Sort the rows of a LLaVA mix, each `{"id", "image", "conversations": [{"from", "value"}, ...]}`.

    Rows are skipped as `row_form`, `no_id`, `empty_conversation`, `odd_turns` (not human and gpt in turn), `turn_form`,
    `several_images`, `missing_image` (a placeholder without an image), `placeholder_in_answer`; single questions as
    `no_question`, `no_answer`, `not_unicode` or `repeated_question` (same data set, id and words as an earlier one).

    Args:
        rows: of the mix.
        dataset: its name, for the keys.

    >>> rows = [{"id": "7", "image": "a.png", "conversations": [
    ...     {"from": "human", "value": "<image>\\nHow many?"}, {"from": "gpt", "value": "Two"}]}]
    >>> read_mix(rows, dataset="mix").questions[0].question
    'How many?'
    """
    image_rows: list[MixRow] = []
    text_rows: list[Mapping[str, Any]] = []
    skipped: list[SkippedQuestion] = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        try:
            if _is_text_row(row):
                text_rows.append(row)
            elif questions := _row_questions(row, index, dataset, seen, skipped):
                image_rows.append(MixRow(row, tuple(questions)))
        except ZoomError as error:
            row_id = "" if error.reason == "row_form" else str(row.get("id"))
            skipped.append(SkippedQuestion(index, row_id, None, error.reason, str(error)))
    return Mix(tuple(image_rows), tuple(text_rows), tuple(skipped))


def _row_questions(
    row: Mapping[str, Any], index: int, dataset: str, seen: set[str], skipped: list[SkippedQuestion]
) -> list[ZoomQuestion]:
    """The usable questions of an image row; the others are put down as skipped."""
    row_id, image, questions = _row_id(row), _only_image(row), list[ZoomQuestion]()
    for turn, (asked, answer) in enumerate(_pairs(row)):
        try:
            asked, answer = checked_text(asked, "question"), checked_text(answer, "answer")
            key = question_key(dataset, row_id, asked)
            if key in seen:
                raise ZoomError("repeated_question", f"{key} was met before; got {asked[:80]!r}.")
        except ZoomError as error:
            skipped.append(SkippedQuestion(index, row_id, turn, error.reason, str(error)))
            continue
        seen.add(key)
        questions.append(ZoomQuestion(key, dataset, row_id, image, asked, answer, turn, index))
    return questions


def _is_text_row(row: Any) -> bool:
    if not isinstance(row, Mapping):
        raise ZoomError("row_form", f"a row must be an object; got {type(row).__name__}.")
    return not _images(row) and not any(IMAGE_MARK in value for _, value in _turns(row))


def _row_id(row: Mapping[str, Any]) -> str:
    row_id = row.get("id")
    if isinstance(row_id, bool) or not isinstance(row_id, (str, int)) or row_id == "":
        raise ZoomError("no_id", f"a row must have an id to key its questions by; got {row_id!r}.")
    return str(row_id)


def _images(row: Mapping[str, Any]) -> list[Any]:
    images = row.get("image", row.get("images"))
    if images is None:
        return []
    return list(images) if isinstance(images, (list, tuple)) else [images]


def _only_image(row: Mapping[str, Any]) -> str:
    """The path of the row's image, after a look at the placeholders."""
    images, turns = _images(row), _turns(row)
    marks = [value.count(IMAGE_MARK) for _, value in turns]
    if len(images) > 1 or sum(marks) > 1:
        raise ZoomError("several_images", f"a zoom starts from one image; got {len(images)}, {sum(marks)} times named.")
    if not images or not isinstance(images[0], str) or not images[0]:
        raise ZoomError("missing_image", f"a row with {IMAGE_MARK} must have the path of an image; got {images}.")
    if any(count and speaker == "gpt" for count, (speaker, _) in zip(marks, turns, strict=True)):
        raise ZoomError("placeholder_in_answer", f"an answer holds {IMAGE_MARK}.")
    return images[0]


def _pairs(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Questions without placeholders, and answers."""
    turns = _turns(row)
    speakers = [speaker for speaker, _ in turns]
    if speakers != ["human", "gpt"] * (len(turns) // 2):
        raise ZoomError("odd_turns", f"turns must be human and gpt in turn; got {', '.join(speakers)[:80]}.")
    values = [_MARK.sub(lambda mark: "\n" if "\n" in mark[0] else "", value) for _, value in turns]
    return list(zip(values[::2], values[1::2], strict=True))


def _turns(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Speakers and texts."""
    turns = row.get("conversations")
    if not isinstance(turns, (list, tuple)) or not turns:
        raise ZoomError("empty_conversation", f"a row must have turns in conversations; got {str(turns)[:80]}.")
    read: list[tuple[str, str]] = []
    for turn in turns:
        speaker, value = (turn.get("from"), turn.get("value")) if isinstance(turn, Mapping) else (None, None)
        if not isinstance(speaker, str) or not isinstance(value, str):
            raise ZoomError("turn_form", f"a turn must have from and value; got {str(turn)[:80]!r}.")
        read.append((_SPEAKERS.get(speaker, speaker), value))
    return read
