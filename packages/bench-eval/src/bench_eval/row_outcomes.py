"""What becomes of a row that is asked about or graded, for stages of shard-runner."""

from __future__ import annotations

from pathlib import Path

from shard_runner import Done, Failed, Outcome, Row

from bench_eval.asking import Answers, Decoding, Question, Sampler, row_to_question
from bench_eval.errors import BenchEvalError, RowError
from bench_eval.grades import Grader, grade_row


def grade_outcome(outcome: Outcome, grader: Grader) -> Outcome:
    """Grade the row of an outcome of `ask_rows`; one that failed stays as it is."""
    return grade_to_outcome(outcome.rows[0], grader, outcome.tokens) if isinstance(outcome, Done) else outcome


def grade_to_outcome(row: Row, grader: Grader, tokens: int = 0) -> Outcome:
    """Grade one row; one that can't be graded fails."""
    try:
        return Done([grade_row(row, grader)], tokens)
    except BenchEvalError as error:
        return Failed("not_gradable", str(error), tokens)


def ask_rows(rows: list[Row], sampler: Sampler, decoding: Decoding, image_root: Path | None) -> list[Outcome]:
    """Ask about the rows that can be asked about; each row gets an outcome in its place."""
    questions: dict[int, Question] = {}
    outcomes: dict[int, Outcome] = {}
    for index, row in enumerate(rows):
        try:
            questions[index] = row_to_question(row, decoding, image_root)
        except RowError as error:
            outcomes[index] = Failed("bad_row", str(error))
    answers = sampler(list(questions.values())) if questions else []
    if [answer.id for answer in answers] != [question.id for question in questions.values()]:
        raise BenchEvalError(
            f"a sampler must answer its {len(questions)} questions in order; got {len(answers)} answers."
        )
    for index, answer in zip(questions, answers, strict=True):
        outcomes[index] = _answered(rows[index], answer, decoding.n)
    return [outcomes[index] for index in range(len(rows))]


def _answered(row: Row, answer: Answers, n: int) -> Outcome:
    if answer.error:
        return Failed("sampler_error", answer.error, answer.tokens)
    if len(answer.texts) != n or len(answer.finish_reasons) not in (0, n):
        got = f"asked for {n} texts; got {len(answer.texts)} ({len(answer.finish_reasons)} finish reasons)"
        return Failed("wrong_count", got, answer.tokens)
    reasons = answer.finish_reasons or [None] * n
    trials = [{"text": text, "finish_reason": why} for text, why in zip(answer.texts, reasons, strict=True)]
    return Done([{**row, "trials": trials}], answer.tokens)
