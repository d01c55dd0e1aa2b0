"""Instances to look at: the picture, what was asked, what is true, what the model said, and how it was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from run_report.pictures import Picture
from run_report.untrusted import shorten

MAX_TEXT_CHARS = 4000
"""Longer texts of a model are cut, and the cut is stated."""


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
    """Cards with filter buttons and a text search; several hundred items are fine."""

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


@dataclass(frozen=True)
class Filter:
    """One button."""

    key: str
    label: str
    count: int


@dataclass(frozen=True)
class FilterGroup:
    """Buttons of which one is pressed at a time."""

    label: str
    filters: list[Filter]


BANDS = {
    "none": "never right",
    "hard": "rarely right",
    "often": "often right",
    "all": "always right",
    "unjudged": "not judged",
}


def band(item: GalleryItem, hard_share: float) -> str:
    """Name the pass-rate band of an item: `none`, `hard`, `often`, `all`, or `unjudged` when no trial has a verdict.

    >>> right, wrong = ShownTrial(text="", verdict=True), ShownTrial(text="", verdict=False)
    >>> band(GalleryItem(id="1", image=None, question="", truth="", trials=[right] * 4 + [wrong] * 12), 0.25)
    'hard'
    """
    judged = [trial.verdict for trial in item.trials if trial.verdict is not None]
    if not judged:
        return "unjudged"
    right = sum(judged)
    if right in (0, len(judged)):
        return "all" if right else "none"
    return "hard" if right <= hard_share * len(judged) else "often"


def facets(item: GalleryItem, hard_share: float) -> list[str]:
    """List the filter keys that an item answers to."""
    rungs = {trial.rung for trial in item.trials if trial.verdict and trial.rung}
    tags = [f"tag:{tag}" for tag in dict.fromkeys(item.tags)]
    return [f"band:{band(item, hard_share)}", *(f"rung:{rung}" for rung in sorted(rungs)), *tags]


def filter_groups(gallery: Gallery) -> list[FilterGroup]:
    """List the buttons that make sense for these items: a group whose choice changes nothing is left out."""
    counts: dict[str, int] = {}
    for item in gallery.items:
        for key in facets(item, gallery.hard_share):
            counts[key] = counts.get(key, 0) + 1
    bands = [
        Filter(f"band:{key}", label, counts[f"band:{key}"]) for key, label in BANDS.items() if f"band:{key}" in counts
    ]
    groups = [FilterGroup("trials", bands)]
    for prefix, label in (("rung:", "accepted by"), ("tag:", "tag")):
        found = [
            Filter(key, key.removeprefix(prefix), count) for key, count in counts.items() if key.startswith(prefix)
        ]
        groups.append(
            FilterGroup(label, sorted(found, key=lambda found_filter: (-found_filter.count, found_filter.key)))
        )
    groups = [group for group in groups if group.label != "accepted by" or len(group.filters) > 1]
    return [group for group in groups if any(choice.count < len(gallery.items) for choice in group.filters)]


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


def _trial(record: Mapping[str, Any]) -> ShownTrial:
    verdict, score = record.get("verdict"), record.get("score")
    return ShownTrial(
        text=shorten(str(record["text"]), MAX_TEXT_CHARS),
        answer=str(record.get("answer") or ""),
        verdict=None if verdict is None else bool(verdict),
        rung=str(record.get("rung") or ""),
        score=None if score is None else float(score),
    )
