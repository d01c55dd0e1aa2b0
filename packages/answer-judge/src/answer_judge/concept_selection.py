"""Keep the concepts of an image whose scores stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from answer_judge.errors import SelectionError

PUBLISHED_STD_FACTOR = 0.4
"""Standard deviations above the mean. Source: the code released with arXiv 2502.14044."""


@dataclass(frozen=True)
class ConceptSelection:
    """The concepts kept for one image."""

    kept: tuple[int, ...]
    """Indices of the concepts kept, by score, the highest first; equal scores in the order given."""
    scores: tuple[float, ...]
    """The score of every concept, kept or not, in the order given."""
    threshold: float
    """Mean plus `std_factor` standard deviations."""


def select_concepts(
    scores: ArrayLike, *, std_factor: float = PUBLISHED_STD_FACTOR, at_least: int = 3
) -> ConceptSelection:
    """Return the concepts scored strictly above mean + `std_factor` x std (of n - 1), and in any case the best few.

    Fewer concepts than `at_least` are all kept; one alone has no deviation, and its threshold is its score.

    >>> select_concepts([-9, -1, -2, -8, -7, -3]).kept
    (1, 2, 5)

    Source: arXiv 2502.14044, released code, which raises on fewer than three concepts.

    Raises:
        SelectionError: no scores, more than one dimension, or a score that is not finite.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise SelectionError(f"scores must be (n,) finite numbers, n >= 1; got {values.shape} {values.tolist()[:3]}...")
    # The mean of equal scores may round to just below them.
    spread = values.std(ddof=1) if np.ptp(values) else 0.0
    threshold = float(values.mean() + std_factor * spread) if np.ptp(values) else float(values[0])
    order = np.argsort(-values, kind="stable")
    count = max(int((values > threshold).sum()), min(at_least, len(values)))
    return ConceptSelection(tuple(order[:count].tolist()), tuple(values.tolist()), threshold)
