"""A sample of pairs by category: as many of each kind as its share asks for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, replace

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import ImagePair

_SUM_TOLERANCE = 1e-6


def sample_by_category(
    pairs: Iterable[ImagePair],
    *,
    shares: Mapping[str, float] | None = None,
    total: int | None = None,
    seed: int = 0,
) -> list[ImagePair]:
    """Draw pairs so that each category has its share, in an order that the seed decides; the same for any order given.

    With `total` alone, categories keep the shares that they have. With `shares` alone, as many pairs are drawn as the
    shares allow. Numbers that do not come out even go to the largest remainders. A larger sample of the same seed and
    shares holds the smaller one's pairs of each category.

    Args:
        pairs: of any categories.
        shares: of the sample by category, summing to 1; categories that are not named are left out.
        total: pairs to draw.
        seed: another gives another sample.

    Raises:
        SvcoLossError: neither is given, shares do not sum to 1, or a category has too few pairs.

    >>> pairs = [ImagePair("What?", f"{n}.png", "b.png", "A", "B", category="ab"[n > 5], row=n) for n in range(8)]
    >>> sorted(pair.category for pair in sample_by_category(pairs, shares={"a": 0.5, "b": 0.5}))
    ['a', 'a', 'b', 'b']
    """
    by_category: dict[str, list[ImagePair]] = {}
    for pair in pairs:
        by_category.setdefault(pair.category, []).append(pair)
    has = {category: len(some) for category, some in sorted(by_category.items())}
    wanted = _wanted(has, shares, total)
    drawn = [
        pair
        for category, count in wanted.items()
        for pair in sorted(by_category.get(category, []), key=lambda pair: _rank(pair, seed))[:count]
    ]
    return sorted(drawn, key=lambda pair: _rank(pair, seed))


def _wanted(has: Mapping[str, int], shares: Mapping[str, float] | None, total: int | None) -> dict[str, int]:
    """Pairs to draw of each category."""
    if shares is None:
        if total is None:
            raise SvcoLossError("sample_by_category needs shares, total or both")
        whole = sum(has.values())
        if not 0 <= total <= whole:
            raise SvcoLossError(f"total must lie in [0, {whole}] (the number of pairs); got {total}")
        return _rounded({category: total * count / whole for category, count in has.items()}, total)
    _check_shares(shares)
    if total is not None and total < 0:
        raise SvcoLossError(f"total must be at least 0; got {total}")
    if total is not None:
        return _checked(_rounded({category: total * share for category, share in shares.items()}, total), has)
    most = min(has.get(category, 0) / share for category, share in shares.items() if share > 0)
    for size in range(math.floor(most + _SUM_TOLERANCE), 0, -1):
        wanted = _rounded({category: size * share for category, share in shares.items()}, size)
        if all(count <= has.get(category, 0) for category, count in wanted.items()):
            return wanted
    return {}


def _rounded(exact: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers that sum to the total, by largest remainder, then by name."""
    counts = {category: math.floor(value + _SUM_TOLERANCE) for category, value in exact.items()}
    by_remainder = sorted(exact, key=lambda category: (round(counts[category] - exact[category], 9), category))
    for category in by_remainder[: total - sum(counts.values())]:
        counts[category] += 1
    return counts


def _check_shares(shares: Mapping[str, float]) -> None:
    wrong = [category for category, share in shares.items() if not 0 <= share <= 1]
    if wrong:
        raise SvcoLossError(f"shares must lie in [0, 1]; that of {wrong[0]!r} is {shares[wrong[0]]}")
    if not abs(sum(shares.values()) - 1) <= _SUM_TOLERANCE:
        raise SvcoLossError(f"shares must sum to 1; got {sum(shares.values()):g}")


def _checked(wanted: dict[str, int], has: Mapping[str, int]) -> dict[str, int]:
    for category, count in wanted.items():
        if count > has.get(category, 0):
            raise SvcoLossError(
                f"category {category!r} has {has.get(category, 0)} pairs, fewer than the {count} asked for; lower "
                "total or its share, or leave total out for as many as the shares allow"
            )
    return wanted


def _rank(pair: ImagePair, seed: int) -> tuple[str, int]:
    """Random, but the same for the same content; the row only tells apart pairs that are equal otherwise."""
    content = repr((seed, astuple(replace(pair, row=0)))).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16).hexdigest(), pair.row
