"""Which boxes stand together, and which pairs are worth a sentence: geometry without a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from code_caption.checks.sightings import BoxPixels, Sighting, Unit
from code_caption.corners import area, around

LINK_SCALE = 2.5
"""Boxes of one name belong together if they meet once scaled about their centres by this much (published)."""

LEAST_MEMBERS = 3
"""Fewer are no group (published)."""

LEAST_PAIR_SHARE = 0.05
"""Each box of a pair covers more than this share of the image (published)."""

PAIR_GROWTH = 1 / 3
"""Boxes of a pair meet once grown by this share of their size on every side (published)."""


def scaled(box: BoxPixels, factor: float) -> BoxPixels:
    """A box scaled about its centre.

    >>> scaled((10, 10, 20, 30), 2.0)
    (5.0, 0.0, 25.0, 40.0)
    """
    x0, y0, x1, y1 = box
    more_x, more_y = (x1 - x0) * (factor - 1) / 2, (y1 - y0) * (factor - 1) / 2
    return x0 - more_x, y0 - more_y, x1 + more_x, y1 + more_y


def do_meet(a: BoxPixels, b: BoxPixels) -> bool:
    """Whether two boxes share more than an edge."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def to_units(
    sightings: Sequence[Sighting], *, link_scale: float = LINK_SCALE, least_members: int = LEAST_MEMBERS
) -> list[Unit]:
    """Put sightings of one name that stand together into groups; all others stay alone.

    Returns:
        Units in the order of their first keys.

    Source:
        World to Code (arXiv 2409.20424): connected components of boxes of one name, at least three.
    """
    units: list[Unit] = []
    for component in _components(sightings, link_scale):
        parts = [component] if len(component) >= least_members else [[one] for one in component]
        for part in parts:
            keys = tuple(sorted(one.key for one in part))
            units.append(Unit(part[0].name, keys, around(one.box_xyxy_px for one in part)))
    return sorted(units, key=lambda unit: unit.keys)


def _components(sightings: Sequence[Sighting], link_scale: float) -> list[list[Sighting]]:
    left = sorted(sightings, key=lambda one: one.key)
    components: list[list[Sighting]] = []
    while left:
        component, waiting = [], [left.pop(0)]
        while waiting:
            here = waiting.pop()
            component.append(here)
            linked = [one for one in left if one.name == here.name and _are_linked(one, here, link_scale)]
            waiting += linked
            left = [one for one in left if one not in linked]
        components.append(component)
    return components


def _are_linked(a: Sighting, b: Sighting, link_scale: float) -> bool:
    return do_meet(scaled(a.box_xyxy_px, link_scale), scaled(b.box_xyxy_px, link_scale))


def find_pairs(
    units: Sequence[Unit],
    size_wh: tuple[int, int],
    *,
    least_share: float = LEAST_PAIR_SHARE,
    growth: float = PAIR_GROWTH,
    most: int | None = None,
) -> list[tuple[Unit, Unit]]:
    """Pairs of units that are large enough and close enough for a sentence about both.

    Differs from the published code, whose test of group numbers also rejects every pair of two ungrouped boxes. A group
    takes part as one unit, by the box around it.

    Args:
        units: of one image.
        size_wh: of the image, pixels.
        least_share: each covers more than this share of the image.
        growth: share of its size by which a box grows on every side before the two must meet.
        most: keep only so many, those with the smallest box around both first.
    """
    image = (0, 0, *size_wh)
    large = [unit for unit in units if covered_share(image, unit.box_xyxy_px) > least_share]
    factor = 1 + 2 * growth
    pairs = [
        (a, b)
        for a, b in combinations(large, 2)
        if do_meet(scaled(a.box_xyxy_px, factor), scaled(b.box_xyxy_px, factor))
    ]
    if most is not None and len(pairs) > most:
        chosen = sorted(pairs, key=lambda p: (area(around(u.box_xyxy_px for u in p)), p[0].keys, p[1].keys))[:most]
        pairs = [pair for pair in pairs if pair in chosen]
    return pairs


def covered_share(inner: BoxPixels, outer: BoxPixels) -> float:
    """Share of `inner` that lies in `outer`, 0 to 1."""
    wide = min(inner[2], outer[2]) - max(inner[0], outer[0])
    high = min(inner[3], outer[3]) - max(inner[1], outer[1])
    return max(wide, 0.0) * max(high, 0.0) / area(inner)
