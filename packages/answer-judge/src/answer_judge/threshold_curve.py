"""How many right and how many wrong pairs an embedding model lets pass at each cosine, and which cosine to take."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import sqrt
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from answer_judge.errors import ThresholdError
from answer_judge.verdicts import Pair

if TYPE_CHECKING:
    from answer_judge.embedding import Embedder

_Z_95 = 1.959964


class LabelledPairs(NamedTuple):
    """Answers that people have judged."""

    right: list[Pair]
    """The same thing in other words."""
    wrong: list[Pair]
    """Another thing, however close: a neighbour, a part, a place, a user."""


@dataclass(frozen=True)
class CurvePoint:
    """What one threshold does; shares in [0, 1]."""

    threshold: float
    """A pair passes above it."""
    right_share: float
    """Of the right pairs, how many pass."""
    wrong_share: float
    """Of the wrong pairs, how many pass."""
    wrong_share_upper: float
    """Upper end of the 95 % Wilson interval of `wrong_share`."""


def labelled_pairs(path: str | PathLike[str] | None = None) -> LabelledPairs:
    """Read labelled pairs; without a path, those of this package: English names of everyday things.

    The file is a table with tabs, the columns `reference`, `right` and `wrong`, answers in a cell parted by `;`.

    >>> pairs = labelled_pairs()
    >>> len(pairs.right), len(pairs.wrong), pairs.wrong[0][:2]
    (312, 624, ('oven', 'fridge'))
    """
    text = (Path(path) if path else files("answer_judge").joinpath("threshold_pairs.tsv")).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    right, wrong = (
        [Pair(answer.strip(), row["reference"].strip()) for row in rows for answer in row[label].split(";")]
        for label in ("right", "wrong")
    )
    return LabelledPairs(right, wrong)


def threshold_curve(embedder: Embedder, pairs: LabelledPairs | None = None) -> list[CurvePoint]:
    """Return a point for each threshold 0.00, 0.01 ... 1.00, from the cosines that `EmbeddingRung` would see.

    Raises:
        ThresholdError: there are no right or no wrong pairs.
    """
    from answer_judge.embedding import EmbeddingRung

    pairs = pairs or labelled_pairs()
    if not pairs.right or not pairs.wrong:
        raise ThresholdError(f"a curve needs right and wrong pairs; got {len(pairs.right)} and {len(pairs.wrong)}")
    rung = EmbeddingRung(embedder, threshold=1.0)
    right, wrong = ([opinion.score for opinion in rung(some)] for some in pairs)
    return [_point(hundredth / 100, right, wrong) for hundredth in range(101)]


def choose_threshold(curve: Sequence[CurvePoint], *, most_wrong_share: float = 0.02) -> CurvePoint:
    """Return the lowest threshold at which, with 95 % confidence, no larger share of wrong pairs passes.

    Raises:
        ThresholdError: there is none, because the wrong pairs are too few to tell or too close.
    """
    fit = [point for point in curve if point.wrong_share_upper <= most_wrong_share]
    if not fit:
        needed = _Z_95**2 * (1 - most_wrong_share) / most_wrong_share
        raise ThresholdError(
            f"no threshold keeps the share of wrong pairs that pass below {most_wrong_share:g} with 95 % confidence; "
            f"that takes at least {needed:.0f} wrong pairs, of which none passes"
        )
    return min(fit, key=lambda point: point.threshold)


def wilson_upper(count: int, total: int) -> float:
    """Return the upper end of the 95 % interval of a share.

    >>> round(wilson_upper(0, 380), 4), round(wilson_upper(5, 10), 4)
    (0.01, 0.7634)

    Source: Wilson 1927.
    """
    share, z2 = count / total, _Z_95**2
    middle = share + z2 / (2 * total)
    reach = _Z_95 * sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return (middle + reach) / (1 + z2 / total)


def _point(threshold: float, right: Sequence[float], wrong: Sequence[float]) -> CurvePoint:
    passed_right, passed_wrong = (sum(score > threshold for score in scores) for scores in (right, wrong))
    return CurvePoint(
        threshold, passed_right / len(right), passed_wrong / len(wrong), wilson_upper(passed_wrong, len(wrong))
    )
