"""The InfoNCE score of candidates, in a form that neither overflows nor cancels; float64 throughout."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from answer_judge.errors import SelectionError

PUBLISHED_TAU = 0.1
"""Temperature that the code released with arXiv 2502.14044 runs with; a remark beside it says 0.01."""


def info_nce(
    anchors_M_D: ArrayLike, candidates_N_D: ArrayLike, negatives_L_D: ArrayLike, *, tau: float = PUBLISHED_TAU
) -> NDArray[np.float64]:
    """Return how well each candidate goes with the anchors and not with the negatives, `(N,)`, at most 0.

    Similarity is the cosine: rows need no unit length. The score is a sum over anchors: compare candidates under the
    same anchors only.

    >>> info_nce([[1, 0]], [[1, 0], [0, 1]], [[0, 1]], tau=1).round(3).tolist()
    [-0.313, -1.313]

    Source: van den Oord et al. 2018 (arXiv 1807.03748), equation 4, summed over anchors as in arXiv 2502.14044; written
    as `-sum_i softplus(logsumexp_l(s(b, c_l) / tau) - s(a_i, b) / tau)`.

    Raises:
        SelectionError: a wrong shape, no rows, a number that is not finite, a row of length zero, or tau not positive.
    """
    check_tau(tau)
    candidates = unit_rows(candidates_N_D, "candidates")
    negatives = unit_rows(negatives_L_D, "negatives", width=candidates.shape[1])
    anchors = unit_rows(anchors_M_D, "anchors", width=candidates.shape[1])
    log_negatives_N = np.logaddexp.reduce(candidates @ negatives.T / tau, axis=1)
    return log_ratio(candidates @ anchors.T / tau, log_negatives_N[:, None]).sum(axis=1)


def log_ratio(logits: NDArray[np.float64], log_negatives: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `log(exp(logit) / (exp(logit) + exp(log_negative)))`, element by element; never overflows."""
    difference = log_negatives - logits
    return -(np.maximum(difference, 0.0) + np.log1p(np.exp(-np.abs(difference))))


class RunningLogSumExp:
    """The log-sum-exp of rows whose columns arrive in chunks."""

    def __init__(self, rows: int) -> None:
        """Start with sums of nothing."""
        self._peak = np.full(rows, -np.inf)
        self._sum = np.zeros(rows)

    def add(self, logits_C_B: NDArray[np.float64]) -> None:
        """Take one chunk of columns, whose memory is used for the work."""
        peak = np.maximum(self._peak, logits_C_B.max(axis=1))
        logits_C_B -= peak[:, None]
        np.exp(logits_C_B, out=logits_C_B)
        self._sum *= np.exp(self._peak - peak)
        self._sum += logits_C_B.sum(axis=1)
        self._peak = peak

    def value(self) -> NDArray[np.float64]:
        """Return the result over all chunks so far."""
        return self._peak + np.log(self._sum)


def unit_rows(rows: ArrayLike, name: str, *, width: int | None = None) -> NDArray[np.float64]:
    """Return rows as float64 of length 1.

    Raises:
        SelectionError: a wrong shape, no rows, a number that is not finite, or a row of length zero.
    """
    plain = checked_rows(rows, name, width=width).astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", plain, plain))
    wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(wrong):
        problem = "has length zero" if lengths[wrong[0]] == 0 else "is not finite"
        raise SelectionError(f"{name}: row {wrong[0]} {problem}; drop what could not be embedded")
    plain /= lengths[:, None]
    return plain


def checked_rows(rows: ArrayLike, name: str, *, width: int | None = None) -> NDArray[np.number]:
    """Return rows as an array, after a look at type and shape alone.

    Raises:
        SelectionError: a wrong shape, no rows, or no numbers.
    """
    array = np.asarray(rows)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "fiu" or width not in (None, array.shape[1]):
        expected = f"(rows, {width})" if width else "(rows, D) with rows"
        raise SelectionError(f"{name} must be an array of numbers {expected}; got {array.dtype} {array.shape}")
    return array


def check_tau(tau: float) -> None:
    """Raise SelectionError unless tau is positive and finite."""
    if not (tau > 0 and math.isfinite(tau)):
        raise SelectionError(f"tau must be positive and finite; got {tau}")
