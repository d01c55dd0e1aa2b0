"""Which questions are asked about a picture in a round: drawn by seed, round and row, never by position."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from selfsynthx.datasets.filling import draw_from_pool
from selfsynthx.datasets.spec import DatasetSpec, QuestionKind


@dataclass(frozen=True)
class Asked:
    """One drawn question."""

    kind: QuestionKind
    text: str


def first_questions(spec: DatasetSpec, row_id: str, count: int, seed: int) -> list[Asked]:
    """Questions of the first round: a kind by its weight, then a question of its pool, each drawn anew.

    Source: arXiv 2502.14044, released code, whose nested draws come to 0.40, 0.192 and 0.408.
    """
    weights = spec.kind_weights
    kinds: Sequence[QuestionKind] = ("simple", "explain", "cot")
    drawn = _random(seed, 1, row_id)
    return [
        draw_question(spec, kind, drawn)
        for kind in drawn.choices(kinds, (weights.simple, weights.explain, weights.cot), k=count)
    ]


def later_questions(spec: DatasetSpec, row_id: str, count: int, seed: int, number: int) -> list[Asked]:
    """Questions of a later round: half of them for name and reason, half for the reason first."""
    drawn = _random(seed, number, row_id)
    kinds: Sequence[QuestionKind] = ("explain", "cot")
    return [draw_question(spec, drawn.choice(kinds), drawn) for _ in range(count)]


def fallback_question(spec: DatasetSpec, row_id: str, seed: int, number: int, place: int) -> Asked:
    """A question for the name alone, where no answer was taken."""
    return draw_question(spec, "simple", _random(seed, number, f"{row_id}/fallback/{place}"))


def draw_question(spec: DatasetSpec, kind: QuestionKind, drawn: random.Random) -> Asked:
    """Any question of a kind."""
    return Asked(kind, draw_from_pool(spec, kind, drawn))


def _random(seed: int, number: int, row_id: str) -> random.Random:
    return random.Random(f"selfsynthx/{seed}/{number}/{row_id}")
