"""What people answered: the golds of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bench_eval.errors import RowError


def golds_of(row: Mapping[str, Any]) -> Sequence[str]:
    """Return the texts of a row's `answer`, a text or a list of texts, as they are; some may be empty.

    Raises:
        RowError: there is none, or one is no text.

    >>> golds_of({"answer": "red"}), golds_of({"answer": ["red", "pink"]})
    (['red'], ['red', 'pink'])
    """
    answer = row.get("answer")
    if isinstance(answer, str):
        return [answer]
    golds = cast("Sequence[Any]", answer) if isinstance(answer, list | tuple) else ()
    if not golds or not all(isinstance(gold, str) for gold in golds):
        raise RowError(f"row {row.get('id')!r} needs an answer, a text or a list of texts; got {answer!r}.")
    return golds
