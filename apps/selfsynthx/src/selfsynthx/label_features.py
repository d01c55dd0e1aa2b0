"""What pictures of each label show: the stage `features` and the task `concepts`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shard_runner import Done, Failed, Outcome, Row, Stage, Task, TaskContext, file_digest
from shard_runner.cli import write_json

from selfsynthx.datasets import check_concepts, parse_features, read_concepts, write_concepts
from selfsynthx.datasets.filling import label_concepts_prompt
from selfsynthx.errors import InputError
from selfsynthx.models import load_other, other_identity
from selfsynthx.settings import SynthSettings
from selfsynthx.sources import LABEL_ROWS

FEATURES, CONCEPTS = "features", "concepts"
CONCEPTS_FILE, CHECK_FILE = "concepts.json", "check.json"


def features_stage(settings: SynthSettings) -> Stage:
    """Take each label's features from the file, or ask a model for them, without any picture; rows gain `features`."""
    config: dict[str, Any] = {"file": file_digest(settings.concepts, error=InputError)}
    if settings.concepts is None:
        spec = settings.spec
        config |= {
            "prompt": spec.label_concepts,
            "words": spec.words(),
            "negative": spec.negative.model_dump(mode="json"),
        }
        config |= settings.picked("concepts_tokens") | {
            "model": other_identity(settings.concepts_model, settings.concepts_url, settings)
        }
    return Stage(name=FEATURES, make=lambda: _Features(settings), config=config, inputs=(LABEL_ROWS,))


def concepts_task(settings: SynthSettings, labels: Sequence[str]) -> Task:
    """Bring the features to the labels: files `concepts.json` (the published form) and `check.json` (what is wrong).

    Stops the run where a label has none or too few.
    """

    def run(ctx: TaskContext) -> None:
        found = {row["label"]: row["features"] for row in ctx.read_rows(FEATURES) if row["features"]}
        check = check_concepts(found, labels, least=settings.least_features)
        leaks = [[leak.label, leak.feature, leak.named] for leak in check.leaks]
        write_json(ctx.folder / CHECK_FILE, {"leaks": leaks}, indent=1)
        write_concepts(check.required(), ctx.folder / CONCEPTS_FILE)

    config = settings.picked("least_features") | {"labels": list(labels)}
    return Task(name=CONCEPTS, run=run, config=config, inputs=(FEATURES,))


def concepts_of(run_dir: Path) -> dict[str, tuple[str, ...]]:
    """The features of every label of a run.

    Raises:
        InputError: the step has not been done.
    """
    return read_concepts(run_dir / CONCEPTS / CONCEPTS_FILE)


class _Features:
    """Labels to features."""

    def __init__(self, settings: SynthSettings) -> None:
        self._settings = settings
        self._known = None if settings.concepts is None else read_concepts(settings.concepts)
        self._sampler: Any = None if self._known is not None else _helper(settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        if self._known is None:
            return self._asked(rows)
        known = check_concepts(self._known, [row["label"] for row in rows], least=1).concepts
        return [[row | {"features": list(known.get(row["label"], ()))}] for row in rows]

    def _asked(self, rows: list[Row]) -> list[Outcome]:
        from trial_sampler import Request

        requests = [
            Request(
                id=f"{row['id']}/features",
                messages=[{"role": "user", "content": label_concepts_prompt(self._settings.spec, row["label"])}],
                temperature=0.0,
                max_new_tokens=self._settings.concepts_tokens,
                seed=self._settings.seed,
            )
            for row in rows
        ]
        return [
            _read(row, result, self._settings.least_features)
            for row, result in zip(rows, self._sampler.sample(requests), strict=True)
        ]


def _helper(settings: SynthSettings) -> Any:
    model = settings.needed(
        "concepts_model", "it lists the features of each label, where --concepts has no file of them"
    )
    return load_other(model, settings.concepts_url, settings)


def _read(row: Row, result: Any, least: int) -> Outcome:
    tokens = result.tokens
    if result.error is not None:
        return Failed(result.error.reason, result.error.detail, tokens)
    text = result.trials[0].text
    features = list(parse_features(text))
    if len(features) < least:
        detail = f"expected {least} or more in a list; got {len(features)} in {text[:200]!r}."
        return Failed("too_few_features", detail, tokens)
    return Done([row | {"features": features}], tokens)
