"""Asking and grading as stages of shard-runner: responses are saved as they come, and graded again without asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shard_runner import Done, Failed, Outcome, Row, Stage, StageFn

from bench_eval.asking import Answers, Decoding, Question, Sampler, row_to_question
from bench_eval.errors import BenchEvalError, RowError
from bench_eval.grades import Grader, check_grade


def response_stage(
    name: str,
    make_sampler: Callable[[], Sampler],
    *,
    model: str,
    decoding: Decoding | None = None,
    batch_size: int = 16,
    image_root: Path | None = None,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Ask a model about every row and save what it says: `trials` holds n records `{text, truncated}`.

    A row for which the sampler reports an error fails alone and is asked again by the next run; so does one with any
    other number of texts than n. The tokens that the model wrote are the cost of the row, as the sampler counts them.

    Args:
        name: of the stage, unique in its pipeline.
        make_sampler: called once per worker.
        model: what identifies the model; other responses are asked for when it changes.
        decoding: how to draw; greedy, one answer, by default.
        batch_size: rows asked at a time.
        image_root: folder that relative image paths start from.
        inputs: stages or sources to read; the one before by default.
    """
    drawn = decoding or Decoding()

    def make() -> StageFn:
        sampler = make_sampler()
        return lambda rows: _ask(rows, sampler, drawn, image_root)

    config = {"model": model, "decoding": asdict(drawn)}
    return Stage(name=name, make=make, config=config, version="1", inputs=inputs, batch_size=batch_size)


def grading_stage(
    name: str,
    grader: Grader,
    *,
    grader_name: str,
    batch_size: int = 256,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Grade saved responses: each record of `trials` gains `answer, score, reason, verdict`.

    Args:
        name: of the stage, unique in its pipeline.
        grader: pure; called for every response.
        grader_name: name and version of the grader; responses are graded again when it changes.
        batch_size: rows at a time.
        inputs: stages to read; the one before by default.
    """

    def make() -> StageFn:
        return lambda rows: [_graded(row, grader) for row in rows]

    return Stage(
        name=name, make=make, config={"grader": grader_name}, version="1", inputs=inputs, batch_size=batch_size
    )


def evaluation_stage(
    name: str,
    make_sampler: Callable[[], Sampler],
    grader: Grader,
    *,
    model: str,
    grader_name: str,
    decoding: Decoding | None = None,
    batch_size: int = 16,
    image_root: Path | None = None,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Ask and grade in one stage; with another `grader_name` it asks again, which the two stages above do not."""
    ask = response_stage(
        name,
        make_sampler,
        model=model,
        decoding=decoding,
        batch_size=batch_size,
        image_root=image_root,
        inputs=inputs,
    )

    def make() -> StageFn:
        asked = ask.make()

        return lambda rows: [_graded_outcome(outcome, grader) for outcome in asked(rows)]

    config = {**ask.config, "grader": grader_name}
    return Stage(name=name, make=make, config=config, version="1", inputs=inputs, batch_size=batch_size)


def grade_row(row: Mapping[str, Any], grader: Grader) -> Row:
    """Grade the `trials` of one row and return a new row; a grade that is no number from 0 to 1 leaves `score` None.

    >>> grade_row({"id": "a", "trials": [{"text": "7"}]}, lambda text, row: text == "7")["trials"][0]["score"]
    1.0
    """
    return {**row, "trials": [_graded_trial(trial, row, grader) for trial in row["trials"]]}


def _graded_trial(trial: Mapping[str, Any], row: Mapping[str, Any], grader: Grader) -> Row:
    grade = check_grade(grader(trial["text"], row))
    return {**trial, "answer": grade.answer, "score": grade.score, "reason": grade.reason, "verdict": grade.verdict}


def _graded_outcome(outcome: Outcome, grader: Grader) -> Outcome:
    return _graded(outcome.rows[0], grader, outcome.tokens) if isinstance(outcome, Done) else outcome


def _graded(row: Row, grader: Grader, tokens: int = 0) -> Outcome:
    try:
        return Done([grade_row(row, grader)], tokens)
    except BenchEvalError as error:
        return Failed("not_gradable", str(error), tokens)


def _ask(rows: list[Row], sampler: Sampler, decoding: Decoding, image_root: Path | None) -> list[Outcome]:
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
    if len(answer.texts) != n or len(answer.truncated) not in (0, n):
        got = f"asked for {n} texts; got {len(answer.texts)} ({len(answer.truncated)} marks)"
        return Failed("wrong_count", got, answer.tokens)
    marks = answer.truncated or [None] * n
    trials = [{"text": text, "truncated": mark} for text, mark in zip(answer.texts, marks, strict=True)]
    return Done([{**row, "trials": trials}], answer.tokens)
