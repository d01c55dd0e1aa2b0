"""Instances to look at: the picture, what was asked, what is true, what the model said, and how it was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from run_report.pictures import Picture

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ShownTrial:
    """One sample of a model and its verdict."""

    text: str
    """What the model wrote; untrusted."""
    answer: str = ""
    """The answer taken from the text."""
    verdict: bool | None = None
    """True right, False wrong, None not judged."""
    rung: str = ""
    """Which rung of the judge decided."""
    score: float | None = None
    """The score on which it decided."""


@dataclass(frozen=True, kw_only=True)
class GalleryItem:
    """One instance."""

    id: str
    """Unique name."""
    image: Picture | None
    """An image in memory or the path of a file."""
    question: str = ""
    """What was asked."""
    truth: str = ""
    """The true answer."""
    caption: str = ""
    """What the picture shows."""
    code: str = ""
    """Text that is shown with its line breaks and its indentation, such as code."""
    notes: Sequence[str] = ()
    """Lines of a list, such as what was left out and why."""
    trials: Sequence[ShownTrial] = ()
    """What the model said."""
    tags: Sequence[str] = ()
    """Further labels to filter by."""


@dataclass(frozen=True)
class Gallery:
    """Cards with filters, orders, a text search and a view of one item; shown in pages, ten thousand items are fine."""

    items: Sequence[GalleryItem]
    """In the order in which they are shown."""
    title: str = "Instances"
    """Heading of the section."""
    note: str = ""
    """A sentence under the heading."""
    max_side_px: int = 360
    """Pictures are inlined with at most this many pixels a side."""
    hard_share: float = 0.25
    """Instances with some trials right, but at most this share, form the band of hard ones (4 of 16)."""


def row_to_gallery_item(
    row: Mapping[str, Any], *, image: Picture | None = None, tags: Sequence[str] = ()
) -> GalleryItem:
    """Make a card from a row with `id, question, answer` and, where it has them, `image, caption, trials`.

    >>> row = {"id": "s/duck", "question": "What?", "answer": "duck", "trials": [{"text": "a duck", "verdict": True}]}
    >>> row_to_gallery_item(row).trials[0].verdict
    True
    """
    return GalleryItem(
        id=str(row["id"]),
        image=image if image is not None else row.get("image"),
        question=str(row["question"]),
        truth=str(row["answer"]),
        caption=str(row.get("caption") or ""),
        trials=[_trial(trial) for trial in row.get("trials") or ()],
        tags=tags,
    )


def evenly_spaced(rows: Sequence[T], most: int) -> list[T]:
    """At most so many of the rows, from all over them: files often hold one kind after the other.

    >>> evenly_spaced("abcdefgh", 4), evenly_spaced("ab", 4)
    (['a', 'c', 'e', 'g'], ['a', 'b'])
    """
    count = min(most, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def change_tag(before: bool | None, after: bool | None) -> str:
    """What training did to one answer, as a tag to filter by; None: there is no answer, or it was not judged.

    >>> change_tag(False, True), change_tag(True, True), change_tag(None, True)
    ('learned', 'right both times', 'not judged both times')
    """
    if before is None or after is None:
        return "not judged both times"
    if before == after:
        return "right both times" if after else "wrong both times"
    return "learned" if after else "lost"


def _trial(record: Mapping[str, Any]) -> ShownTrial:
    verdict, score = record.get("verdict"), record.get("score")
    return ShownTrial(
        text=str(record["text"]),
        answer=str(record.get("answer") or ""),
        verdict=None if verdict is None else bool(verdict),
        rung=str(record.get("rung") or ""),
        score=None if score is None else float(score),
    )
