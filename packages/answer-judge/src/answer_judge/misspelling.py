"""A label that a text misspells: compared with windows of the text, never with the whole of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from answer_judge.errors import LabelError
from answer_judge.label_trie import Found
from answer_judge.label_words import Word, read_words
from answer_judge.negation import denials

MISSPELLING_THRESHOLD = 0.7
"""Least ratio of `difflib.SequenceMatcher`. Source: code released with arXiv 2502.14044 (there of whole texts)."""


class Misspelling(NamedTuple):
    """The words of a text that come closest to a label."""

    text: str
    """As in the text."""
    span: tuple[int, int]
    """First character, and the one behind the last."""
    ratio: float
    """In [0, 1]; 1 for equal words."""


def find_misspelling(
    label: str, text: str, *, rivals: Iterable[str] = (), threshold: float = MISSPELLING_THRESHOLD
) -> Misspelling | None:
    """Return the window of a text that is closest to a label, or None if none is close, claimed and its own.

    Windows have as many words as the label, one fewer or one more. The label's numbers must be in the window as they
    are. A window at least as close to a rival is the rival's: pass the other labels of the set.

    >>> find_misspelling("Western Gull", "The pink legs tell that it is a Westren Gull of some age.").text
    'Westren Gull'
    >>> find_misspelling("Western Gull", "An Eastern Gull.", rivals=["Eastern Gull"]) is None
    True

    Raises:
        LabelError: the label has no letters and digits.
    """
    wanted = read_words(label)
    if not wanted:
        raise LabelError(f"a label needs letters or digits; {label!r} has none")
    words = read_words(text)
    best, ratio = _closest(wanted, words)
    if best is None or ratio < threshold:
        return None
    window = words[best.first : best.end]
    if any(_matcher(read_words(rival), _shown(window)).ratio() >= ratio for rival in rivals if rival != label):
        return None
    span = (window[0].start, window[-1].end)
    return None if denials(text, words, [best])[0] else Misspelling(text[slice(*span)], span, ratio)


def _closest(wanted: Sequence[Word], words: Sequence[Word]) -> tuple[Found | None, float]:
    matcher, best, ratio = _matcher(wanted, ""), None, 0.0
    for found in _windows(wanted, words):
        matcher.set_seq1(_shown(words[found.first : found.end]))
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) > ratio and matcher.ratio() > ratio:
            best, ratio = found, matcher.ratio()
    return best, ratio


def _windows(wanted: Sequence[Word], words: Sequence[Word]) -> Iterator[Found]:
    numbers = _numbers(wanted)
    for size in (len(wanted), len(wanted) - 1, len(wanted) + 1):
        for first in range(len(words) - size + 1 if size else 0):
            if _numbers(words[first : first + size]) == numbers:
                yield Found("", first, first + size)


def _numbers(words: Sequence[Word]) -> list[str]:
    return [word.key for word in words if word.key.isdigit()]


def _matcher(wanted: Sequence[Word], shown: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, shown, _shown(wanted), autojunk=False)


def _shown(words: Sequence[Word]) -> str:
    return " ".join(word.key for word in words)
