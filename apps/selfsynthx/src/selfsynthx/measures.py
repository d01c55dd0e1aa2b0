"""What a model is worth, from its graded and scored answers: accuracy, per label too, and quality of explanations."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shard_runner import Row, read_rows

from selfsynthx.evaluation import PUBLISHED_RIGHT, first_trial, grades_name
from selfsynthx.quality import quality_name


@dataclass(frozen=True)
class Measure:
    """One model on one split; shares from 0 to 1, None where nothing is to be measured."""

    n: int
    """Pictures."""
    accuracy: float | None
    """Share of answers that claim the picture's label and no other."""
    interval: tuple[float, float] | None
    """Wilson interval of it, 95 %."""
    balanced: float | None
    """Mean over labels of the accuracy of each."""
    ambiguous: float | None
    """Share that claims several labels."""
    published: float | None
    """Share that contains the label's letters: the released code's accuracy."""
    exists: float | None
    """Share that explains anything."""
    coverage: float | None
    """Share of the visible features that is named."""
    grounding: float | None
    """Of the features named, the share that can be seen; over answers that name one."""
    grounded: int
    """Answers that name a feature."""
    quality: float | None
    """Share of the visible features that is named, of an answer with the right label; else 0. Higher needs both."""
    cognition: float | None
    """Mean rating of the judge, 1 to 5."""
    per_label: dict[str, float]
    """Accuracy of each label."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def measure_model(run_dir: Path, number: int, arm: str = "") -> dict[str, Measure]:
    """A model's measures by split, from a finished round.

    Raises:
        shard_runner.LedgerError: its answers have not been graded.
    """
    scored = {row["id"]: row for row in read_rows(run_dir, quality_name(number, arm))}
    by_split: defaultdict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for row in read_rows(run_dir, grades_name(number, arm)):
        if row["id"] in scored:
            by_split[row["task"]].append((row, scored[row["id"]]))
    return {split: measure(pairs) for split, pairs in by_split.items()}


def measure(pairs: Sequence[tuple[Row, Row]]) -> Measure:
    """Measures of graded answers, each with its scored explanation."""
    from bench_eval import wilson_interval

    trials = [first_trial(graded) for graded, _ in pairs]
    right = [float(scored["right"]) for _, scored in pairs]
    of_label: defaultdict[str, list[float]] = defaultdict(list)
    for one, (_, scored) in zip(right, pairs, strict=True):
        of_label[scored["label"]].append(one)
    per_label = {label: sum(values) / len(values) for label, values in sorted(of_label.items())}
    interval = wilson_interval(sum(map(int, right)), len(right)) if right else None
    return Measure(
        n=len(pairs),
        accuracy=_mean(right),
        interval=None if interval is None else (interval[0], interval[1]),
        balanced=_mean(list(per_label.values())),
        ambiguous=_mean([float(trial["reason"].startswith("ambiguous")) for trial in trials]),
        published=_mean([float(trial["reason"].endswith(PUBLISHED_RIGHT)) for trial in trials]),
        exists=_mean([float(scored["exists"]) for _, scored in pairs]),
        coverage=_mean([scored["coverage"] for _, scored in pairs]),
        grounding=_mean([scored["grounding"] for _, scored in pairs]),
        grounded=sum(scored["grounding"] is not None for _, scored in pairs),
        quality=_mean([explained(scored) for _, scored in pairs]),
        cognition=_mean([scored["cognition"] for _, scored in pairs]),
        per_label=per_label,
    )


def explained(scored: Row) -> float | None:
    """The share of the visible features that an answer names, 0 if its label is wrong; None where none is visible.

    >>> explained({"right": True, "coverage": 0.5}), explained({"right": False, "coverage": 0.5})
    (0.5, 0.0)
    """
    if scored["coverage"] is None:
        return None
    return float(scored["coverage"]) if scored["right"] else 0.0


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
