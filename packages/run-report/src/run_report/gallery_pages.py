"""A gallery in pages: the first one stands in the file as HTML, the words and pictures of the others as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from run_report.cards import Card, card_to_values, item_to_card
from run_report.filters import FilterGroup, count_verdicts, facets, filter_groups
from run_report.gallery import Gallery

PAGE_ITEMS = 24
"""Cards on a page: eight rows of three."""


@dataclass(frozen=True)
class GalleryPages:
    """What the templates draw a gallery from."""

    groups: Sequence[FilterGroup]
    """Filter buttons."""
    sorts: Sequence[tuple[str, str]]
    """Orders that one can choose, as (key, label)."""
    has_trials: bool
    """True when any item has trials to unfold."""
    first: Sequence[Card]
    """Cards of the first page."""
    index: dict[str, Any]
    """Of every item: `names`, `shares` (right trials, -1 when none is judged), `facets` (positions in `keys`).

    Besides: `page_items`, the cards on a page.
    """
    words: Sequence[Sequence[dict[str, Any]]]
    """Per page: the words of its cards."""
    pictures: Sequence[Sequence[str]]
    """Per page: the data URLs of its pictures; empty for the first page, whose pictures are in its HTML."""

    @property
    def has_more(self) -> bool:
        """True when there is more than one page."""
        return len(self.words) > 1


def gallery_to_pages(gallery: Gallery) -> GalleryPages:
    """Make every card and cut the gallery into pages."""
    pages = [_cards(gallery, start) for start in range(0, len(gallery.items), PAGE_ITEMS)]
    index = _index(gallery, [card.id for page in pages for card in page])
    rates = [("most", "most often right first"), ("least", "least often right first")]
    is_judged = any(share >= 0 for share in index["shares"])
    return GalleryPages(
        groups=filter_groups(gallery),
        sorts=[("given", "as given"), *(rates if is_judged else []), ("name", "by name")],
        has_trials=any(item.trials for item in gallery.items),
        first=pages[0] if pages else [],
        index=index,
        words=[[card_to_values(card) for card in page] for page in pages],
        pictures=[[card.picture.url for card in page] if number else [] for number, page in enumerate(pages)],
    )


def _cards(gallery: Gallery, start: int) -> list[Card]:
    chosen = gallery.items[start : start + PAGE_ITEMS]
    return [item_to_card(item, max_side_px=gallery.max_side_px) for item in chosen]


def _index(gallery: Gallery, names: Sequence[str]) -> dict[str, Any]:
    positions: dict[str, int] = {}
    found = [
        [positions.setdefault(key, len(positions)) for key in facets(item, gallery.hard_share)]
        for item in gallery.items
    ]
    return {
        "names": names,
        "shares": list(_shares(gallery)),
        "facets": found,
        "keys": list(positions),
        "page_items": PAGE_ITEMS,
    }


def _shares(gallery: Gallery) -> Iterator[float]:
    for item in gallery.items:
        right, judged = count_verdicts(item)
        yield round(right / judged, 4) if judged else -1
