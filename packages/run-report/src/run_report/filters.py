"""By what the cards of a gallery can be filtered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from run_report.gallery import Gallery, GalleryItem
from run_report.untrusted import to_name

MAX_BUTTONS = 24
"""Buttons of a group; rarer tags are found by the search."""

BANDS = {
    "none": "never right",
    "hard": "rarely right",
    "often": "often right",
    "all": "always right",
    "unjudged": "not judged",
}


@dataclass(frozen=True)
class Filter:
    """One button."""

    key: str
    label: str
    count: int
    """Items that it keeps."""


@dataclass(frozen=True)
class FilterGroup:
    """Buttons of which one is pressed at a time."""

    label: str
    filters: list[Filter]
    """The most frequent ones, `MAX_BUTTONS` at most."""
    n_rarer: int = 0
    """Further ones that have no button."""


def band(item: GalleryItem, hard_share: float) -> str:
    """Name the pass-rate band of an item: `none`, `hard`, `often`, `all`, or `unjudged` when no trial has a verdict.

    >>> from run_report.gallery import ShownTrial
    >>> right, wrong = ShownTrial(text="", verdict=True), ShownTrial(text="", verdict=False)
    >>> band(GalleryItem(id="1", image=None, question="", truth="", trials=[right] * 4 + [wrong] * 12), 0.25)
    'hard'
    """
    right, judged = count_verdicts(item)
    if not judged:
        return "unjudged"
    if right in (0, judged):
        return "all" if right else "none"
    return "hard" if right <= hard_share * judged + 1e-9 else "often"  # 22 * (15 / 22) is below 15


def count_verdicts(item: GalleryItem) -> tuple[int, int]:
    """Trials that are right, and trials that are judged at all."""
    judged = [trial.verdict for trial in item.trials if trial.verdict is not None]
    return sum(judged), len(judged)


def facets(item: GalleryItem, hard_share: float) -> list[str]:
    """List the filter keys that an item answers to."""
    rungs = {to_name(trial.rung) for trial in item.trials if trial.verdict and trial.rung}
    tags = [f"tag:{to_name(tag)}" for tag in dict.fromkeys(item.tags)]
    return [f"band:{band(item, hard_share)}", *(f"rung:{rung}" for rung in sorted(rungs)), *tags]


def filter_groups(gallery: Gallery) -> list[FilterGroup]:
    """List the buttons that make sense for these items: a group whose choice changes nothing is left out."""
    counts = Counter(key for item in gallery.items for key in facets(item, gallery.hard_share))
    bands = [
        Filter(f"band:{key}", label, counts[f"band:{key}"]) for key, label in BANDS.items() if counts[f"band:{key}"]
    ]
    groups = [FilterGroup("trials", bands), _group("accepted by", "rung:", counts), _group("tag", "tag:", counts)]
    groups = [group for group in groups if group.label != "accepted by" or len(group.filters) > 1]
    return [group for group in groups if any(choice.count < len(gallery.items) for choice in group.filters)]


def _group(label: str, prefix: str, counts: Counter[str]) -> FilterGroup:
    found = [Filter(key, key.removeprefix(prefix), count) for key, count in counts.items() if key.startswith(prefix)]
    found.sort(key=lambda choice: (-choice.count, choice.key))
    return FilterGroup(label, found[:MAX_BUTTONS], max(0, len(found) - MAX_BUTTONS))
