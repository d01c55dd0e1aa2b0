"""pass@k: the chance that at least one of k samples is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench_eval.errors import StatisticsError


def pass_at_k(right: int, n: int, k: int) -> float:
    """Unbiased estimate from n samples of which `right` are right: 1 - C(n - right, k) / C(n, k).

    Source: Chen et al. 2021, equation 1, in the product form that does not overflow.

    Raises:
        StatisticsError: when not 0 <= right <= n and 1 <= k <= n.

    >>> pass_at_k(1, 16, 16), pass_at_k(4, 16, 1), round(pass_at_k(1, 4, 2), 6)
    (1.0, 0.25, 0.5)
    """
    if not (0 <= right <= n and 1 <= k <= n):
        raise StatisticsError(f"pass_at_k needs 0 <= right <= n and 1 <= k <= n; got right={right}, n={n}, k={k}.")
    all_wrong = 1.0
    for i in range(right):
        all_wrong *= max(0, n - k - i) / (n - i)
    return 1.0 - all_wrong


def pass_score(k: int) -> Callable[[Mapping[str, Any]], float | None]:
    """Make the row score pass@k from the verdicts of a graded row; None when any trial of the row has no verdict.

    >>> pass_score(2)({"trials": [{"verdict": True}, {"verdict": False}, {"verdict": False}]})
    0.6666666666666667
    """

    def score(row: Mapping[str, Any]) -> float | None:
        verdicts = [trial["verdict"] for trial in row["trials"]]
        if any(verdict is None for verdict in verdicts):
            return None
        return pass_at_k(sum(verdicts), len(verdicts), k)

    return score
