"""Rules that read the name of a class from a free answer; for fine-grained classification."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from bench_eval.errors import RowError
from bench_eval.final_texts import final_text
from bench_eval.grades import Grade, Grader

ONE, SEVERAL, NONE = "one_name", "several_names", "no_name"
"""Reasons: how many classes an answer names."""
_ARTICLES = frozenset({"a", "an", "the"})
_SENTENCE_END = re.compile(r"[.!\n]")
_DENIALS = frozenset({"not", "no", "without"})
_Words = tuple[str, ...]


def class_name_grader(names: Mapping[str, Sequence[str]] | None = None) -> Grader:
    """Make the grader that wants the row's class named in whole words, and no other of its `labels`.

    Case, hyphens and other marks are no matter, and numbers stand apart from letters: `A320` is `A-320`. Where names
    overlap the longer one counts (`Western Gull`, not `Gull`); a name right behind not, no or without doesn't. A whole
    answer, or its first sentence, that is a label names it, also where other names stand instead of the label.

    Args:
        names: what else a label is called, by the label in small letters. Such a list stands instead of the label.

    Raises (when grading) RowError where the answer is none of the labels, or a name has no letter or digit.

    >>> grade = class_name_grader({"normal": ["no pneumonia", "normal chest"]})
    >>> row = {"answer": "normal", "labels": ["normal", "pneumonia"]}
    >>> grade("There is no pneumonia; the heart is normal.", row)
    Grade(score=1.0, reason='one_name', answer='normal')
    >>> grade("A normal chest, or pneumonia.", row).reason, grade("Normal.", row).answer
    ('several_names', 'normal')
    """
    known = {label: tuple(others) for label, others in (names or {}).items()}

    def grade(text: str, row: Mapping[str, Any]) -> Grade:
        truth, labels = _truth(row), tuple(map(str, cast("Sequence[Any]", row.get("labels") or ())))
        if truth not in labels:
            raise RowError(f"row {row.get('id')!r} needs one of its labels as answer; got {truth!r} of {len(labels)}.")
        said = final_text(text)
        whole = [
            one for one in labels if _words(one) in (_words(said), _words(_SENTENCE_END.split(said, maxsplit=1)[0]))
        ]
        table = _table(labels, tuple((one, known[one]) for one in sorted(known)))
        claimed = whole or _claimed(_words(said), table)
        reason = ONE if len(claimed) == 1 else SEVERAL if claimed else NONE
        return Grade(float(claimed == [truth]), reason, "; ".join(claimed))

    return grade


def grade_label_letters(text: str, row: Mapping[str, Any]) -> Grade:
    """Whether the answer contains the label once all but letters, spaces and hyphens are deleted; hyphens are spaces.

    Nothing is taken from the text but the text itself, so that no answer counts as unparsed.

    Source: evaluation step of sycny/SelfSynthX (arXiv 2502.14044), bugs and all: `A320` becomes `a` and `737-200` a
    space, which are in nearly every text; `no pneumonia` contains pneumonia, and a list of names contains each of them.

    >>> row = {"answer": "Golden_Retriever"}
    >>> grade_label_letters("A goldenretriever", row).score, grade_label_letters("A golden retriever", row).score
    (1.0, 0.0)
    """
    said = _letters(text)
    is_inside = _letters(_truth(row)) in said
    return Grade(float(is_inside), "contained" if is_inside else "not_contained", said)


def _truth(row: Mapping[str, Any]) -> str:
    truth = str(row.get("answer") or "").strip()
    if not truth:
        raise RowError(f"row {row.get('id')!r} needs a label as answer; got {row.get('answer')!r}.")
    return truth


def _letters(text: str) -> str:
    return re.sub(r"[^a-zA-Z\- ]+", "", text).replace("-", " ").lower()


def _words(text: str) -> _Words:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("\u2019", "")
    return tuple(re.findall(r"[^\W\d_]+|\d+", plain))


@lru_cache(maxsize=64)
def _table(labels: tuple[str, ...], names: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[_Words, str]:
    """The label of each name, by its words."""
    known, table = dict(names), dict[_Words, str]()
    for label in labels:
        for name in known.get(label.lower(), (label,)):
            words = _words(name)
            if not words or table.get(words, label) != label:
                raise RowError(f"labels need names of their own, with letters or digits; {name!r} of {label!r} isn't.")
            table[words] = label
    return table


def _claimed(said: _Words, table: Mapping[_Words, str]) -> list[str]:
    """Labels that a text names, in order; the longest name at each place, and none that is part of another's."""
    longest, place = max(map(len, table)), 0
    found: dict[_Words, None] = {}
    while place < len(said):
        sizes = range(min(longest, len(said) - place), 0, -1)
        name = next((said[place : place + size] for size in sizes if said[place : place + size] in table), None)
        if name is not None and not _is_denied(said, place):
            found[name] = None
        place += len(name) if name else 1
    whole = [name for name in found if not any(_is_part(name, other) for other in found)]
    return list(dict.fromkeys(table[name] for name in whole))


def _is_denied(said: _Words, place: int) -> bool:
    before = place - 1
    if before >= 0 and said[before] in _ARTICLES:
        before -= 1
    return before >= 0 and said[before] in _DENIALS


def _is_part(name: _Words, other: _Words) -> bool:
    size = len(name)
    return size < len(other) and any(other[k : k + size] == name for k in range(len(other) - size + 1))
