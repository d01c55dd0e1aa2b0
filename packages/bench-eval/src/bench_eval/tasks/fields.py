"""Fields of rows that must be there and of some kind; what is missing or of another kind is told with file and row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from bench_eval.errors import FileError, RowError
from bench_eval.rules.letter_graders import true_letter
from bench_eval.rules.yes_no_words import true_yes_no


def need(row: Mapping[str, Any], name: str, where: str) -> Any:
    """Return a field of a row.

    Raises:
        RowError: it is missing or None.
    """
    value = row.get(name)
    if value is None:
        raise RowError(f"{where}: {name} is missing; there are {', '.join(map(str, row))}.")
    return value


def need_texts(row: Mapping[str, Any], name: str, where: str) -> list[str]:
    """Return a field that is a list of texts, or of objects with a text `answer`, as VQA files have them.

    Raises:
        FileError: it is missing, empty, or anything else.
    """
    value = row.get(name)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    texts = [cast("Mapping[str, Any]", item).get("answer") if isinstance(item, Mapping) else item for item in items]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise FileError(f"{where}: {name} must be a list of texts; got {str(value)[:60]}. Download the file again.")
    return cast("list[str]", texts)


def need_list(row: Mapping[str, Any], name: str, where: str) -> list[Any]:
    """Return a field that is a list; a text is none, though it has members.

    Raises:
        RowError: it is missing or anything else.
    """
    value = need(row, name, where)
    if not isinstance(value, list):
        raise RowError(f"{where}: {name} must be a list; got {str(value)[:60]!r}.")
    return cast("list[Any]", value)


def need_object(row: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    """Return a field that is an object.

    Raises:
        RowError: it is missing or anything else.
    """
    value = need(row, name, where)
    if not isinstance(value, Mapping):
        raise RowError(f"{where}: {name} must be an object; got {str(value)[:60]!r}.")
    return cast("Mapping[str, Any]", value)


def need_whole(row: Mapping[str, Any], name: str, where: str) -> int:
    """Return a field that is a whole number from 0 on, as a number or in digits.

    Raises:
        RowError: it is missing or anything else.

    >>> need_whole({"id": "17"}, "id", "row 1")
    17
    """
    value = need(row, name, where)
    told = str(value)
    if isinstance(value, bool) or not (told.isascii() and told.isdecimal()):
        raise RowError(f"{where}: {name} must be a whole number from 0 on; got {told[:60]!r}.")
    return int(told)


def need_letter(row: Mapping[str, Any], name: str, where: str, n_options: int) -> str:
    """Return a field that is the letter of one of so many options, as a capital.

    Raises:
        RowError: it is missing or anything else.

    >>> need_letter({"answer": "(b)"}, "answer", "row 1", 2)
    'B'
    """
    return true_letter({"id": where, "answer": need(row, name, where)}, n_options)


def need_yes_no(row: Mapping[str, Any], name: str, where: str) -> str:
    """Return a field that is yes or no in any case, as it stands.

    Raises:
        RowError: it is missing or anything else.
    """
    value = str(need(row, name, where))
    true_yes_no({"id": where, "answer": value})
    return value
