"""The last round against the base model, each round and each control, picture by picture: files `against-*.json`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import Row, rows_so_far

from selfsynthx.evaluation import grades_name
from selfsynthx.measures import explained
from selfsynthx.quality import quality_name
from selfsynthx.settings import SynthSettings

if TYPE_CHECKING:
    from bench_eval import Comparison

COMPARED = "compared"
"""Folder of the run."""

BASE = "base"
"""Name of the base model."""

ACCURACY, EXPLAINED, GROUNDED = "label", "explanation", "features seen"
"""Tasks: the right label; visible features named, with the right label; of the features named, those that are there."""


def compare_rounds(settings: SynthSettings, run_dir: Path, last: int) -> None:
    """Compare the model of the last round with all others, on the test pictures alone."""
    from bench_eval import compare_tasks, save_contrasts

    found: dict[str, list[Comparison]] = {}
    after = list(_rows(run_dir, last, ""))
    for name, (number, arm) in others(settings, last).items():
        before = list(_rows(run_dir, number, arm))
        # a model that names no feature of a picture has none that can be seen: there is nothing to compare
        ids = {row["id"] for row in before} & {row["id"] for row in after}
        tasks = {row["task"] for row in after if row["id"] in ids}
        sides = ([row for row in side if row["task"] in tasks] for side in (before, after))
        found[name] = compare_tasks(*sides, missing="count", seed=settings.seed)
    save_contrasts(found, run_dir / COMPARED)


def others(settings: SynthSettings, last: int) -> dict[str, tuple[int, str]]:
    """What the last round is compared with: the base model, the controls of the same round, the rounds between."""
    found = {BASE: (0, "")} | {f"{arm}-{last}": (last, arm) for arm in settings.controls}
    return found | {f"round-{number}": (number, "") for number in range(1, last)}


def load_contrasts(run_dir: Path) -> "dict[str, list[Comparison]]":
    """The last round against all others, the base model first; nothing before that is compared."""
    from bench_eval import load_contrasts as load

    return load(run_dir / COMPARED)


def _rows(run_dir: Path, number: int, arm: str) -> Iterator[Row]:
    """Test rows of each task with a score from 0 to 1."""
    graded = {row["id"] for row in rows_so_far(run_dir, grades_name(number, arm))}
    for row in rows_so_far(run_dir, quality_name(number, arm)):
        if row["task"] != "test" or row["id"] not in graded:
            continue
        values = {ACCURACY: float(row["right"]), EXPLAINED: explained(row), GROUNDED: row["grounding"]}
        for task, value in values.items():
            if value is not None:
                trial = {"text": row["text"], "score": value}
                yield {"id": f"{row['id']}/{task}", "task": task, "cluster": row["id"], "trials": [trial]}
