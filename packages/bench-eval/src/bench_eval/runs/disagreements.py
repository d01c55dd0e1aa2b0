"""Where two sets of rules grade one answer differently, item by item."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench_eval.errors import BenchEvalError
from bench_eval.runs.task_results import grade_answers
from bench_eval.tasks import Profile, Task


@dataclass(frozen=True)
class Disagreement:
    """One answer on which profiles differ."""

    id: str
    trial: int
    """Which answer of the row, from 0."""
    text: str
    """What the model wrote."""
    gold: Any
    """The row's answer."""
    scores: Mapping[str, float | None]
    """By profile."""
    answers: Mapping[str, str]
    """What each profile took from the text."""
    reasons: Mapping[str, str]
    """Which rule decided in each."""


@dataclass(frozen=True)
class DisagreementReport:
    """All answers of a run under several profiles."""

    task: str
    profiles: tuple[str, ...]
    means: Mapping[str, float]
    """Mean score by profile, 0 to 1, over the answers that every profile scores."""
    n: int
    """Such answers."""
    n_answers: int
    """All answers."""
    rules: Mapping[str, str]
    """What each profile does, in one sentence."""
    items: list[Disagreement]
    """Answers that not all profiles score alike, in order of the rows."""

    def pairs(self) -> list[tuple[str, str, int, int]]:
        """Each pair of profiles with two counts: answers that the first, and that the second, scores higher.

        Answers to which one of the two gives no score are in neither.
        """
        names = self.profiles
        return [
            (one, other, self._higher(one, other), self._higher(other, one))
            for k, one in enumerate(names)
            for other in names[k + 1 :]
        ]

    def _higher(self, one: str, other: str) -> int:
        scores = [(item.scores[one], item.scores[other]) for item in self.items]
        return sum(left > right for left, right in scores if left is not None and right is not None)


def find_disagreements(
    rows: Sequence[Mapping[str, Any]], task: Task, profiles: Sequence[str] | None = None
) -> DisagreementReport:
    """Grade saved answers under several profiles and list where they differ; nothing is asked.

    Args:
        rows: with `trials`, as saved.
        task: that the rows belong to.
        profiles: names; all of the task's by default.

    Raises:
        BenchEvalError: the task has no profile of a name, or fewer than two are left to compare.
    """
    chosen = [task.profile(name) for name in dict.fromkeys(profiles)] if profiles else list(task.profiles)
    if len(chosen) < 2:
        names = ", ".join(one.name for one in task.profiles) or "none"
        raise BenchEvalError(f"disagreements need two profiles of {task.name}, which has: {names}.")
    graded = {profile.name: _trials(rows, task, profile) for profile in chosen}
    names = tuple(graded)
    items: list[Disagreement] = []
    scored: list[list[float]] = []
    places = [(row, k) for row in rows for k in range(len(row["trials"]))]
    for place, (row, k) in enumerate(places):
        trials = {name: graded[name][place] for name in names}
        scores = [trials[name]["score"] for name in names]
        if None not in scores:
            scored.append(scores)
        if len(set(scores)) > 1:
            items.append(_disagreement(row, k, trials))
    means = {
        name: sum(line[k] for line in scored) / len(scored) if scored else math.nan for k, name in enumerate(names)
    }
    rules = {profile.name: profile.rule for profile in chosen}
    return DisagreementReport(task.name, names, means, len(scored), len(places), rules, items)


def _trials(rows: Sequence[Mapping[str, Any]], task: Task, profile: Profile) -> list[dict[str, Any]]:
    return [trial for row in grade_answers(rows, task, profile) for trial in row["trials"]]


def _disagreement(row: Mapping[str, Any], k: int, trials: Mapping[str, Mapping[str, Any]]) -> Disagreement:
    return Disagreement(
        id=str(row["id"]),
        trial=k,
        text=str(row["trials"][k]["text"]),
        gold=row["answer"],
        scores={name: trial["score"] for name, trial in trials.items()},
        answers={name: trial["answer"] for name, trial in trials.items()},
        reasons={name: trial["reason"] for name, trial in trials.items()},
    )
