"""How good are a model's explanations: stages `quality-*`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shard_runner import Done, Failed, Outcome, Row, Stage
from trial_sampler import SampleFailure

from selfsynthx.datasets.matching import label_matcher
from selfsynthx.evaluation import first_trial, grades_name, way
from selfsynthx.label_features import CONCEPTS, concepts_of
from selfsynthx.models import load_other, other_identity
from selfsynthx.settings import SynthSettings

_JUDGE_TOKENS = 256
_BATCH = 128


def quality_name(number: int, arm: str = "") -> str:
    """Name of a model's stage."""
    return f"quality-{way(number, arm)}"


def quality_stage(settings: SynthSettings, run_dir: Path, labels: Sequence[str], number: int, arm: str = "") -> Stage:
    """Score the explanations of held-out pictures by rules, and by a model as judge where one is named.

    Rows `{id, task, label, text, right, exists, coverage, grounding, named, cognition, cognition_reason}`: whether it
    explains at all; the share of the visible features that it names; of the features of its label that it names, the
    share that can be seen; `named` with what of it can be seen; 1 to 5.
    """
    return Stage(
        name=quality_name(number, arm),
        make=lambda: _Quality(settings, run_dir, labels),
        config={
            "judge": other_identity(settings.judge, settings.judge_url, settings),
            "dataset": settings.spec.model_dump(mode="json"),
        },
        inputs=(grades_name(number, arm), CONCEPTS),
        batch_size=_BATCH,
    )


class _Quality:
    """Graded answers to scored explanations."""

    def __init__(self, settings: SynthSettings, run_dir: Path, labels: Sequence[str]) -> None:
        self._features = concepts_of(run_dir)
        self._labels = label_matcher(settings.spec, labels)
        words = settings.spec.words()
        self._frame = [word for text in words.values() for word in text.split()]
        self._judge = None if settings.judge is None else _Judge(settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        ratings: list[tuple[Any, int]] = [(None, 0)] * len(rows) if self._judge is None else self._judge(rows)
        return [
            Failed(rating.reason, rating.detail, tokens)
            if isinstance(rating, SampleFailure)
            else Done([self._scored(row) | _rated(rating)], tokens)
            for row, (rating, tokens) in zip(rows, ratings, strict=True)
        ]

    def _scored(self, row: Row) -> Row:
        from answer_judge import explanation_quality

        trial = first_trial(row)
        found = explanation_quality(
            trial["text"],
            label_set=self._labels,
            label=row["label"],
            selected=row["visible"],
            label_concepts=self._features[row["label"]],
            visible=row["visible"],
            frame_words=self._frame,
        )
        named = [{"text": one.concept, "visible": one.concept in row["visible"]} for one in found.named]
        return {
            **{name: row[name] for name in ("id", "task", "label")},
            "text": trial["text"],
            "right": bool(trial["score"]),
            "exists": found.exists,
            "coverage": found.coverage,
            "grounding": found.grounding,
            "named": named,
        }


def _rated(rating: Any) -> Row:
    if rating is None:
        return {"cognition": None, "cognition_reason": "no judge"}
    return {"cognition": rating.score, "cognition_reason": rating.reason}


def _explained(row: Row) -> Any:
    from answer_judge import ExplainedAnswer

    return ExplainedAnswer(row["question"], first_trial(row)["text"], row["label"], row["visible"])


class _Judge:
    """The model that judges, and what each of its replies took."""

    def __init__(self, settings: SynthSettings) -> None:
        from answer_judge import CognitionJudge

        self._seed = settings.seed
        self._sampler = load_other(settings.needed("judge", "the model that judges"), settings.judge_url, settings)
        self._cognition = CognitionJudge(self._generate)
        self._tokens: Counter[str] = Counter()
        self._failures: dict[str, SampleFailure] = {}

    def __call__(self, rows: Sequence[Row]) -> list[tuple[Any, int]]:
        """A rating of each row, or why there is no reply, and the new tokens that it took.

        Equal answers are asked once, and the first pays.
        """
        from answer_judge import cognition_prompt

        self._failures.clear()
        answers = [_explained(row) for row in rows]
        ratings = self._cognition.score_many(answers)
        prompts = [cognition_prompt(*one) for one in answers]
        return [
            (self._failures.get(prompt, rating), self._tokens.pop(prompt, 0))
            for prompt, rating in zip(prompts, ratings, strict=True)
        ]

    def _generate(self, prompts: Sequence[str]) -> list[str]:
        from trial_sampler import Request

        requests = [
            Request(
                id=str(number),
                messages=[{"role": "user", "content": prompt}],
                temperature=0.0,
                max_new_tokens=_JUDGE_TOKENS,
                seed=self._seed,
            )
            for number, prompt in enumerate(prompts)
        ]
        results = self._sampler.sample(requests)
        for prompt, result in zip(prompts, results, strict=True):
            self._tokens[prompt] += result.tokens
            if result.error is not None:
                self._failures[prompt] = result.error
        return [result.trials[0].text if result.trials else "" for result in results]
