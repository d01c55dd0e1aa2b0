"""Rows that are learned from, with what became of each answer: the vocabulary of `synthesise` and `choose`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from shard_runner import Row

from selfsynthx.datasets.filling import label_sentence
from selfsynthx.questions import Asked, fallback_question
from selfsynthx.settings import SynthSettings

VERDICTS = ("accepted", "repaired", "fallback")
"""The model's own answer; its answer with a sentence that names the label; the label sentence."""

_PASSED = ("image", "stamp", "label", "concepts")


def kept_row(row: Row, number: int, place: int, asked: Asked, answer: str, verdict: str, why: str, **more: Any) -> Row:
    """A question and the answer that is learned.

    Args:
        row: of the picture.
        number: of the round.
        place: of the question among the picture's.
        asked: the question, as it is in the pool; what a teacher was told is not in it.
        answer: what is learned.
        verdict: one of `VERDICTS`.
        why: short slug: how the answer was accepted, or why it was not.
        more: plain values to show in the report.
    """
    shared = {name: row[name] for name in _PASSED}
    shared |= {"picture": row["id"], "question": asked.text, "kind": asked.kind, "answer": answer}
    return {"id": f"{row['id']}#r{number}q{place}", **shared, "verdict": verdict, "why": why, **more}


def fallback_row(row: Row, number: int, place: int, why: str, settings: SynthSettings, **more: Any) -> Row:
    """A question for the name, answered by the label sentence: a place that no answer was good enough for.

    Source: arXiv 2502.14044, answer selection; the released first round means the same, and drops the row instead.
    """
    asked = fallback_question(settings.spec, row["id"], settings.seed, number, place)
    sentence = label_sentence(settings.spec, row["label"])
    return kept_row(row, number, place, asked, sentence, "fallback", why, **more)


def count_kept(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many rows have each verdict, and each reason.

    >>> count_kept([{"verdict": "accepted", "why": "named"}, {"verdict": "fallback", "why": "leak"}])
    {'accepted': 1, 'repaired': 0, 'fallback': 1, 'accepted: named': 1, 'fallback: leak': 1}
    """
    every = list(rows)
    verdicts = Counter(row["verdict"] for row in every)
    reasons = Counter(f"{row['verdict']}: {row['why']}" for row in every)
    return {name: verdicts[name] for name in VERDICTS} | dict(sorted(reasons.items()))
