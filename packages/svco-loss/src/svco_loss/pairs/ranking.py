"""The pairs that differ least."""

from __future__ import annotations

from collections.abc import Sequence

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.changes import Minimality
from svco_loss.pairs.mvc import ImagePair, RefusedPair


def most_minimal(
    pairs: Sequence[ImagePair],
    minimalities: Sequence[Minimality | RefusedPair],
    *,
    k: int | None = None,
    changed_share_below: float | None = None,
) -> list[ImagePair]:
    """Return pairs from the least changed on: the first `k`, or those under a changed share, or both at once.

    Equal shares are ordered by mean difference, then by row. Refused pairs are left out, and so are those in which no
    pixel changed: they have nothing to tell apart.

    Args:
        pairs: with rows of their own.
        minimalities: of the same pairs in the same order, as `pair_minimalities` returns them.
        k: most pairs to return.
        changed_share_below: share of changed pixels that all of them stay under, above 0.

    Raises:
        SvcoLossError: neither limit is given, one is out of range, or the lengths differ.
    """
    if k is None and changed_share_below is None:
        raise SvcoLossError("most_minimal needs a limit: k, changed_share_below or both")
    if k is not None and k < 0:
        raise SvcoLossError(f"k must be at least 0; got {k}")
    if changed_share_below is not None and not changed_share_below > 0:
        raise SvcoLossError(f"changed_share_below must be above 0; got {changed_share_below}")
    if len(pairs) != len(minimalities):
        raise SvcoLossError(f"each pair needs its minimality; got {len(pairs)} pairs and {len(minimalities)} figures")
    below = float("inf") if changed_share_below is None else changed_share_below
    ranked = [
        (one.changed_share, one.mean_difference, pair.row, pair)
        for pair, one in zip(pairs, minimalities, strict=True)
        if isinstance(one, Minimality) and 0 < one.changed_share < below
    ]
    return [entry[-1] for entry in sorted(ranked, key=lambda entry: entry[:3])[:k]]
