"""One instance for each thing of an image, however many captions name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from occlusion.nouns import singular


def deduplicate(instances: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep, of the rows with the same image and head lemma, the one of lowest perplexity; first come where equal.

    Rows have `image`, `head` and `ppl_head`; a perplexity that is not a number loses to any other. The order stays.

    >>> rows = [{"image": "a.png", "head": head, "ppl_head": ppl} for head, ppl in (("Dog", 3.0), ("dogs", 2.0))]
    >>> deduplicate(rows)
    [{'image': 'a.png', 'head': 'dogs', 'ppl_head': 2.0}]
    """
    best: dict[tuple[str, str], tuple[float, int]] = {}
    rows = list(instances)
    for at, row in enumerate(rows):
        ppl = float(row["ppl_head"])
        rank = (ppl if ppl == ppl else float("inf"), at)
        key = (str(row["image"]), singular(row["head"]))
        best[key] = min(best.get(key, rank), rank)
    kept = {at for _, at in best.values()}
    return [row for at, row in enumerate(rows) if at in kept]
