"""Two models on the same answered rows, in the measures of the method."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shard_runner import Row

from cvc.errors import CvcError

if TYPE_CHECKING:
    from bench_eval import Comparison

Measure = Callable[[Row], float]


def trial_accuracy(row: Row) -> float:
    """Share of the sampled trials of a row that are right."""
    return row["right"] / len(row["trials"])


def greedy_accuracy(row: Row) -> float:
    """1 if the greedy answer is right, else 0."""
    return float(row["greedy"]["verdict"])


def any_right(row: Row) -> float:
    """1 if at least one of the n trials is right (pass@n), else 0."""
    return float(row["right"] > 0)


def completion_measures(n: int) -> dict[str, Measure]:
    """The measures of completion rows by name; the first is the one that the method is meant to raise."""
    return {"hidden thing, per trial": trial_accuracy, "hidden thing, greedy": greedy_accuracy, f"pass@{n}": any_right}


def compare_answers(before: Sequence[Row], after: Sequence[Row], *, seed: int) -> "list[Comparison]":
    """Compare completion rows in each measure, then the other tasks by greedy accuracy, one by one and together.

    Rows that failed on either side are left out on both and counted.

    Raises:
        CvcError: there is nothing to compare.
    """
    from bench_eval import compare

    completion, others = split_by_kind(before)
    after_completion, after_others = split_by_kind(after)
    lines: list[Comparison] = []
    if completion and after_completion:
        for name, measure in completion_measures(len(completion[0]["trials"])).items():
            lines.append(
                compare(completion, after_completion, task=name, row_score=_of(measure), missing="count", seed=seed)
            )
    for task, rows in by_task(others).items():
        same = [row for row in after_others if row["task"] == task]
        if same:
            lines.append(compare(rows, same, task=task, row_score=_of(greedy_accuracy), missing="count", seed=seed))
    if len(by_task(others)) > 1 and after_others:
        name = "other tasks together"
        lines.append(
            compare(others, after_others, task=name, row_score=_of(greedy_accuracy), missing="count", seed=seed)
        )
    if not lines:
        raise CvcError("There is no held-out row to compare; raise --held-out-share or give --eval-data.")
    return lines


def split_by_kind(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Completion rows, which have sampled trials, and all others."""
    return [row for row in rows if row["trials"]], [row for row in rows if not row["trials"]]


def by_task(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by task, in order of appearance."""
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row["task"], []).append(row)
    return tasks


def _of(measure: Measure) -> Callable[..., float]:
    return lambda row: measure(row)
