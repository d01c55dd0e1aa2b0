"""How good the scenes are, rule by rule, where the data has true scenes: the step `quality`."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shard_runner import Row, Task, TaskContext
from shard_runner.cli import write_json

from world2code.arms import Arm
from world2code.row_evidence import evidence_of
from world2code.settings import W2cSettings

QUALITY = "quality.json"
"""Precision and recall by rules and kind; an empty list without true scenes."""


def quality_task(settings: W2cSettings) -> Task:
    """Score the evidence under no rules, under each rule alone, and as rules are added; nothing is asked."""

    def run(ctx: TaskContext) -> None:
        rows = (row for row in ctx.read_rows("validate") if row["scene"])
        write_json(ctx.folder / QUALITY, score_rules(rows, settings))

    config = settings.picked("filters", "control", "existence_threshold", "counting", "counting_threshold",
                             "claims_threshold", "strict", "check_captions", "least_elements", "least_members",
                             "link_scale", "least_pair_share", "most_pairs")  # fmt: skip
    config |= {"rules": settings.asked_rules()}
    return Task(name="quality", run=run, config=config, inputs=("validate",))


def score_rules(rows: Iterable[Row], settings: W2cSettings) -> list[dict[str, Any]]:
    """One row for each set of rules and kind: `rule`, `kind`, `right`, `stated`, `true`, and the three rates.

    A rule that nothing was asked for is left out. Rows are gone through once.
    """
    from code_caption import SceneScore, compare_scenes, decide, json_to_scene, scores_to_table

    asked = {rule for arm in settings.arms for rule in settings.applied(arm)}
    alone = (name for name in ("existence", "counting", "reranking") if name in asked)
    ways = {"no filter": Arm("unfiltered"), **{f"{name} alone": Arm(name) for name in alone}, "all rules": Arm()}
    rules = {name: settings.rules(arm) for name, arm in ways.items()}
    scores: dict[str, SceneScore] = {}
    for row in rows:
        evidence, truth = evidence_of(row), json_to_scene(json.loads(row["scene"]))
        for name, one in rules.items():
            found = compare_scenes(decide(evidence, one).scene, truth)
            scores[name] = scores.get(name, SceneScore()) + found
    return scores_to_table(scores)


def read_quality(run_dir: Path) -> list[dict[str, Any]]:
    """What the step found; empty where it has not run or there are no true scenes."""
    path = run_dir / "quality" / QUALITY
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
