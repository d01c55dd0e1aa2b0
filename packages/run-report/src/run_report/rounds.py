"""Training in rounds: scores, what was kept, and whether variety is lost, round by round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from run_report.curves import Curve, Curves
from run_report.numbers import format_percent
from run_report.prose import Fact, KeyFacts, Table


class EvaluationLike(Protocol):
    """What a model is worth; `llava_train.Evaluation` is one."""

    @property
    def score(self) -> float:
        """On the validation rows, 0 to 1."""
        ...

    @property
    def test(self) -> float | None:
        """On the test rows."""
        ...

    @property
    def details(self) -> Mapping[str, Any]:
        """`validation` and `test`, each with `n` and `interval` (low, high), where they are known."""
        ...


class CollapseLike(Protocol):
    """How much the answers of a round differ; `llava_train.Collapse` is one."""

    @property
    def answers(self) -> int:
        """Answers looked at."""
        ...

    @property
    def distinct_share(self) -> float:
        """Distinct answers per answer, 0 to 1."""
        ...

    @property
    def duplicate_share(self) -> float:
        """Share that the most frequent one has, 0 to 1."""
        ...

    @property
    def mean_words(self) -> float:
        """Mean length in words."""
        ...

    @property
    def distinct_words(self) -> int:
        """Words in use."""
        ...

    @property
    def agreement(self) -> float | None:
        """How often two answers to one question agree, 0 to 1."""
        ...


class RoundLike(Protocol):
    """One round, 0 for the base model; `llava_train.RoundRecord` is one."""

    @property
    def number(self) -> int:
        """0 for the base model."""
        ...

    @property
    def evaluation(self) -> EvaluationLike:
        """Of the model at its end."""
        ...

    @property
    def rows(self) -> int:
        """Rows that were learned."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """What became of what the model gave."""
        ...

    @property
    def collapse(self) -> CollapseLike | None:
        """Of what the model before it gave."""
        ...


class RoundsLike(Protocol):
    """All rounds; `llava_train.Rounds` is one."""

    @property
    def records(self) -> Sequence[RoundLike]:
        """The base model, then each round."""
        ...

    @property
    def best(self) -> RoundLike:
        """The best by the validation rows."""
        ...

    @property
    def stopped(self) -> str:
        """Why they ended, in one line."""
        ...


RoundsSection: TypeAlias = KeyFacts | Table | Curves


def rounds_sections(rounds: RoundsLike, *, measure: str, answers: str, agreement: str) -> list[RoundsSection]:
    """Sections of a page on training in rounds.

    Args:
        rounds: records, the base model's first.
        measure: what a score is, such as "right trials of held-out instances".
        answers: whose variety is measured, such as "trials".
        agreement: what it means that two of them agree.
    """
    facts = [
        Fact("best round", round_name(rounds.best.number), "by the validation rows"),
        Fact("validation", _change(rounds, "validation"), f"{measure}, base and best round"),
        Fact("test", _change(rounds, "test"), f"{measure}, base and best round"),
    ]
    return [
        KeyFacts(facts),
        _scores_table(rounds, measure),
        *_curves(rounds.records, measure),
        _collapse_table(rounds.records, answers, agreement),
        _counts_table(rounds.records),
    ]


def rounds_to_rows(records: Sequence[RoundLike]) -> list[tuple[str, ...]]:
    """Scores, rows and variety of each round as rows of text, the first as their head.

    >>> from types import SimpleNamespace as N
    >>> base = N(number=0, evaluation=N(score=0.25, test=None, details={}), rows=0, counts={}, collapse=None)
    >>> rounds_to_rows([base])[1]
    ('base', '25.0', '–', '–', '–')
    """
    head = ("round", "validation, %", "test, %", "rows learned", "distinct, %")
    return [head, *map(_line, records)]


def round_name(number: int) -> str:
    """A round in words; 0 is the base model."""
    return f"round {number}" if number else "base"


def _scores_table(rounds: RoundsLike, measure: str) -> Table:
    head, *lines = rounds_to_rows(rounds.records)
    note = f"Percent of {measure}, with 95 % intervals. {_ended(rounds)}"
    return Table(head, lines, title="Rounds", note=note)


def _line(record: RoundLike) -> tuple[str, ...]:
    distinct = record.collapse.distinct_share if record.collapse else None
    rows = str(record.rows) if record.number else "–"
    scores = (_score(record, "validation"), _score(record, "test"))
    return (round_name(record.number), *scores, rows, format_percent(distinct))


def _score(record: RoundLike, split: str) -> str:
    """`61.2 (55.0 to 67.0, n = 40)`, as far as it is known."""
    evaluation = record.evaluation
    value = evaluation.score if split == "validation" else evaluation.test
    known = evaluation.details.get(split) or {}
    notes: list[str] = []
    if known.get("interval"):
        low, high = known["interval"]
        notes.append(f"{format_percent(low)} to {format_percent(high)}")
    if known.get("n") is not None:
        notes.append(f"n = {known['n']}")
    return format_percent(value) + (f" ({', '.join(notes)})" if notes else "")


def _change(rounds: RoundsLike, split: str) -> str:
    first, best = rounds.records[0].evaluation, rounds.best.evaluation
    ends = (first.score, best.score) if split == "validation" else (first.test, best.test)
    return f"{format_percent(ends[0])} → {format_percent(ends[1])} %"


def _ended(rounds: RoundsLike) -> str:
    return f"{rounds.stopped[:1].upper()}{rounds.stopped[1:]} The best round is chosen by the validation rows alone."


def _curves(records: Sequence[RoundLike], measure: str) -> list[Curves]:
    if len(records) < 2:
        return []
    numbers = [record.number for record in records]
    curves = [Curve("validation", numbers, [100 * record.evaluation.score for record in records])]
    tests = [record.evaluation.test for record in records]
    if all(test is not None for test in tests):
        curves.append(Curve("test", numbers, [100 * (test or 0.0) for test in tests]))
    return [Curves(curves, title="Score by round", note=f"Percent of {measure}.", x_label="round", y_label="percent")]


def _collapse_table(records: Sequence[RoundLike], answers: str, agreement: str) -> Table:
    columns = ("round", answers, "distinct, %", "most frequent, %", "mean words", "words in use", "agreement, %")
    note = f"What the model gave in each round, before it learned from it. Agreement: {agreement}."
    return Table(columns, list(_collapse_lines(records)), title="Is variety lost?", note=note)


def _collapse_lines(records: Sequence[RoundLike]) -> Iterator[tuple[str, ...]]:
    for record in records:
        if one := record.collapse:
            shares = (format_percent(one.distinct_share), format_percent(one.duplicate_share))
            words = (f"{one.mean_words:.1f}", str(one.distinct_words))
            yield round_name(record.number), str(one.answers), *shares, *words, format_percent(one.agreement)


def _counts_table(records: Sequence[RoundLike]) -> Table:
    lines = [(round_name(one.number), name, str(count)) for one in records for name, count in one.counts.items()]
    return Table(("round", "what became of it", "number"), lines, title="Kept and dropped")
