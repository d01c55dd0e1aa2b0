"""Which instances to keep: one for each thing of an image, so many for each image, so many for each kind of thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from occlusion.errors import OcclusionError
from occlusion.words.nouns import thing_key

Row = dict[str, Any]


def deduplicate(instances: Iterable[Row]) -> list[Row]:
    """Keep, of the rows with the same image and head lemma, the one of lowest perplexity; first come where equal.

    Rows have `image`, `head` and `ppl_head`; a perplexity that is not a number loses to any other. The order stays.

    >>> rows = [{"image": "a.png", "head": head, "ppl_head": ppl} for head, ppl in (("Dog", 3.0), ("dogs", 2.0))]
    >>> deduplicate(rows)
    [{'image': 'a.png', 'head': 'dogs', 'ppl_head': 2.0}]
    """
    return _keep(instances, 1, lambda row: (str(row["image"]), thing_key(row["head"])))


def cap_per_image(instances: Iterable[Row], most: int) -> list[Row]:
    """Keep at most `most` rows of an image: those of lowest perplexity, first come where equal; the order stays.

    Lowest perplexity, as for duplicates: what the rest of the picture calls for most is what should be hidden. A cap
    therefore favours common things; look at `class_balance` after it, and use `cap_per_head` against that.

    Raises:
        OcclusionError: `cap`: `most` is less than 1.

    >>> rows = [{"image": "a.png", "head": head, "ppl_head": ppl} for head, ppl in (("dog", 3.0), ("cat", 2.0))]
    >>> [row["head"] for row in cap_per_image(rows, 1)]
    ['cat']
    """
    return _keep(instances, most, lambda row: str(row["image"]))


def cap_per_head(instances: Iterable[Row], most: int) -> list[Row]:
    """Keep at most `most` rows of a kind of thing (head lemma): those of lowest perplexity; the order stays.

    Raises:
        OcclusionError: `cap`: `most` is less than 1.

    >>> rows = [{"image": "a.png", "head": "dog", "ppl_head": 3.0}, {"image": "b.png", "head": "Dogs", "ppl_head": 2.0}]
    >>> [row["image"] for row in cap_per_head(rows, 1)]
    ['b.png']
    """
    return _keep(instances, most, lambda row: thing_key(row["head"]))


def _keep(instances: Iterable[Row], most: int, group_of: Callable[[Row], Hashable]) -> list[Row]:
    if most < 1:
        raise OcclusionError("cap", f"most must be at least 1; got {most}. Leave the cap out to keep all rows.")
    rows = list(instances)
    ranked: dict[Hashable, list[tuple[float, int]]] = defaultdict(list)
    for at, row in enumerate(rows):
        ppl = float(row["ppl_head"])
        ranked[group_of(row)].append((ppl if ppl == ppl else float("inf"), at))
    kept = {at for group in ranked.values() for _, at in sorted(group)[:most]}
    return [row for at, row in enumerate(rows) if at in kept]
