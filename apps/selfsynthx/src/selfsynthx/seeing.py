"""Which features of its label each held-out picture shows: the stage `seen`."""

from pathlib import Path

from shard_runner import Failed, Outcome, Row, Stage

from selfsynthx.datasets.filling import visible_prompt
from selfsynthx.label_features import CONCEPTS, concepts_of
from selfsynthx.models import load_sampler_of, model_identity
from selfsynthx.settings import ASKING, SynthSettings
from selfsynthx.sources import EVAL_IMAGES

SEEN = "seen"
VISIBLE_ABOVE = 0.5
"""Least probability of yes."""


def seen_stage(settings: SynthSettings, run_dir: Path) -> Stage:
    """Take what can be seen from --truth, or ask the base model about each feature of the label, before any training.

    Rows gain `visible`, features of the label in its order, and `is_known`, whether that is the truth. Every model's
    explanations are scored against the same list.
    """
    identity = {"model": model_identity(settings), "asked": visible_prompt(settings.spec, "...")}
    return Stage(
        name=SEEN,
        make=lambda: _Seen(settings, run_dir),
        config=settings.picked(*ASKING) | identity,
        inputs=(EVAL_IMAGES, CONCEPTS),
        batch_size=settings.images_per_batch,
    )


class _Seen:
    """Held-out pictures to what they show; the model is opened once it is needed."""

    def __init__(self, settings: SynthSettings, run_dir: Path) -> None:
        self._settings, self._features = settings, concepts_of(run_dir)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        asked = [row for row in rows if row["visible"] is None]
        answers = {row["id"]: outcome for row, outcome in zip(asked, self._ask(asked), strict=True)}
        return [answers.get(row["id"]) or [self._known(row)] for row in rows]

    def _known(self, row: Row) -> Row:
        visible = [text for text in self._features[row["label"]] if text in row["visible"]]
        return row | {"visible": visible, "is_known": True}

    def _ask(self, rows: list[Row]) -> list[Outcome]:
        from trial_sampler import ChoiceRequest, image_question

        if not rows:
            return []
        sampler = load_sampler_of(self._settings.needed_model(), self._settings)
        requests = [
            ChoiceRequest(
                id=f"{row['id']}/seen/{number}",
                messages=image_question(visible_prompt(self._settings.spec, text)),
                images=[row["image"]],
            )
            for row in rows
            for number, text in enumerate(self._features[row["label"]])
        ]
        results = iter(sampler.score(requests))
        return [self._answered(row, [next(results) for _ in self._features[row["label"]]]) for row in rows]

    def _answered(self, row: Row, results: list[object]) -> Outcome:
        texts = self._features[row["label"]]
        visible: list[str] = []
        for text, result in zip(texts, results, strict=True):
            error = getattr(result, "error", None)
            if error is not None:
                return Failed(error.reason, error.detail)
            if result.probabilities[0] > VISIBLE_ABOVE:  # type: ignore[attr-defined]
                visible.append(text)
        return [row | {"visible": visible, "is_known": False}]
