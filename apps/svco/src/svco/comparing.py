"""Two models on the same pairs and questions, in the measures of the method."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shard_runner import Row

if TYPE_CHECKING:
    from bench_eval import Comparison

Choice = Callable[[dict[str, float]], bool]


def text_choice(logps: dict[str, float]) -> bool:
    """Each image prefers its own text to the other (Winoground's text score)."""
    return logps["x_given_a"] > logps["y_given_a"] and logps["y_given_b"] > logps["x_given_b"]


def image_choice(logps: dict[str, float]) -> bool:
    """Each text prefers its own image to the other (Winoground's image score)."""
    return logps["x_given_a"] > logps["x_given_b"] and logps["y_given_b"] > logps["y_given_a"]


def group_choice(logps: dict[str, float]) -> bool:
    """Both."""
    return text_choice(logps) and image_choice(logps)


CHOICES: dict[str, Choice] = {
    "held-out pairs, text for image": text_choice,
    "held-out pairs, image for text": image_choice,
    "held-out pairs, both": group_choice,
}
"""Forced choices on validation pairs by summed log-probabilities.

Source: Thrush et al. 2022, Winoground, arXiv 2204.03162, equations 1 to 3."""

ALL_PAIRS = "pairs of questions"
ALL_QUESTIONS = "single questions together"
ABSENT = "absent things denied"
"""Task of the drawn world's questions about things that are not there: what is wrong is a hallucination."""

MEASURES = (*CHOICES, ALL_PAIRS, ALL_QUESTIONS, ABSENT)
"""Lines of a comparison that say it all; the others are single tasks."""


def compare_margins(before: Sequence[Row], after: Sequence[Row], *, seed: int) -> "list[Comparison]":
    """Compare the forced choices on validation pairs; none without such pairs."""
    from bench_eval import compare

    lines: list[Comparison] = []
    for name, choice in CHOICES.items():
        sides = [[_chosen(row, choice) for row in side] for side in (before, after)]
        if all(sides):
            lines.append(compare(*sides, task=name, missing="count", seed=seed))
    return lines


def _chosen(row: Row, choice: Choice) -> Row:
    from svco_loss.references import FIELDS

    logps: dict[str, float] = dict(zip(FIELDS, row["logps"], strict=True))
    return {"id": row["id"], "trials": [{"score": float(choice(logps))}]}


def compare_answers(before: Sequence[Row], after: Sequence[Row], *, seed: int) -> "list[Comparison]":
    """Compare answered questions: pairs of questions together and by task, then single ones by task and together."""
    from bench_eval import by_task, compare, pair_rows

    if not before or not after:
        return []
    pairs = [pair_rows(side).rows for side in (before, after)]
    singles = [[row for row in side if not row.get("pair")] for side in (before, after)]
    lines: list[Comparison] = []
    for name, (old, new) in ((ALL_PAIRS, pairs), (ALL_QUESTIONS, singles)):
        tasks, after_tasks = by_task(old), by_task(new)
        wanted = [(task, rows, after_tasks.get(task, [])) for task, rows in tasks.items()]
        wanted = [(name, old, new), *wanted] if len(tasks) > 1 else wanted
        lines += [
            compare(first, second, task=task, missing="count", seed=seed) for task, first, second in wanted if second
        ]
    return lines
