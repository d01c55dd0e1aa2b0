"""Two models on the same answered rows, in the measures of the method."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shard_runner import Row

from cvc.errors import CvcError

if TYPE_CHECKING:
    from bench_eval import Comparison

Measure = Callable[[Mapping[str, Any]], float]


def trial_accuracy(row: Mapping[str, Any]) -> float:
    """Share of the sampled trials of a row that are right."""
    return row["right"] / len(row["trials"])


def greedy_accuracy(row: Mapping[str, Any]) -> float:
    """1 if the greedy answer is right, else 0."""
    return float(row["greedy"]["verdict"])


def any_right(row: Mapping[str, Any]) -> float:
    """1 if at least one of the n trials is right (pass@n), else 0."""
    return float(row["right"] > 0)


COMPLETION_MEASURES: dict[str, Measure] = {
    "hidden thing, per trial": trial_accuracy,
    "hidden thing, greedy": greedy_accuracy,
    "hidden thing, any trial": any_right,
}
"""Measures of completion rows by name; the first is the one that the method is meant to raise."""


def compare_answers(before: Sequence[Row], after: Sequence[Row], *, seed: int) -> "list[Comparison]":
    """Compare completion rows in each measure, then the other tasks by greedy accuracy, one by one and together.

    Rows that failed on either side are left out on both and counted.

    Raises:
        CvcError: there is nothing to compare.
    """
    from bench_eval import by_task

    completion, others = split_by_kind(before)
    after_completion, after_others = split_by_kind(after)
    pairs: list[Pair] = [(name, measure, completion, after_completion) for name, measure in COMPLETION_MEASURES.items()]
    after_tasks = by_task(after_others)
    tasks = by_task(others)
    pairs += [(task, greedy_accuracy, rows, after_tasks.get(task, [])) for task, rows in tasks.items()]
    if len(tasks) > 1:
        pairs.append(("other tasks together", greedy_accuracy, others, after_others))
    lines = [_compared(*pair, seed) for pair in pairs if pair[2] and pair[3]]
    if not lines:
        raise CvcError("There is no held-out row to compare; raise --held-out-share or give --eval-data.")
    return lines


Pair = tuple[str, Measure, Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Name of a line, its measure, and the rows of both sides."""


def _compared(
    name: str, measure: Measure, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], seed: int
) -> "Comparison":
    from bench_eval import compare

    return compare(before, after, task=name, row_score=measure, missing="count", seed=seed)


def split_by_kind(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Completion rows, which have sampled trials, and all others."""
    return [row for row in rows if row["trials"]], [row for row in rows if not row["trials"]]
