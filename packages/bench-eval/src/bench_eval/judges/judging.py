"""Judging saved answers as a stage: replies are cached, asked for again within bounds, and never made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

from shard_runner import Done, Failed, Outcome, Row, Stage, StageFn

from bench_eval.asking import Answers, Question, Sampler
from bench_eval.errors import BenchEvalError
from bench_eval.final_texts import final_text
from bench_eval.grades import CheckedGrade, Grade, check_grade
from bench_eval.judges.judge_rule import JudgeRule, Messages
from bench_eval.judges.key_redaction import redact_keys, without_keys
from bench_eval.judges.verdict_cache import JudgeReply, VerdictCache, reply_key

UNREADABLE = "judge_unreadable"
"""Reason of a score that is None because no reply could be read."""


def judging_stage(
    name: str,
    make_judge: Callable[[], Sampler],
    rule: JudgeRule,
    *,
    judge: str,
    cache: str | PathLike[str] | None = None,
    runs: int = 1,
    batch_size: int = 16,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Have a judge grade saved answers: each record of `trials` gains `judge, judge_reply, judge_tries` and
    `answer, score, reason, verdict`.

    A reply that can't be read is asked for again, with another seed, up to `rule.tries` times; then the score is None
    and the reason `judge_unreadable`: the row stays, and is left out and counted by whoever adds up. A row for which
    the judge reports an error fails with reason `judge_error` and is asked again by the next run; what was judged of it
    is in the cache. The tokens of a row are those of its replies, also where they come from the cache.

    Args:
        name: of the stage, unique in its pipeline.
        make_judge: called once per worker; any sampler of text will do.
        rule: prompt, reading and decoding.
        judge: what identifies the judge, with its version; answers are judged again when it changes.
        cache: file of replies, shared by runs; without it a kill loses those of the batch under way.
        runs: times that each answer is judged; above 1 each judgement becomes a trial of its own, with `judge_run`.
        batch_size: rows judged at a time.
        inputs: stages to read; the one before by default.

    Raises:
        BenchEvalError: `runs` is below 1, or `judge` is empty.
    """
    if runs < 1 or not judge:
        raise BenchEvalError(f"judging needs runs of at least 1 and a judge's name; got runs={runs}, judge={judge!r}.")

    def make() -> StageFn:
        replies = _Replies(without_keys(make_judge), judge, VerdictCache(cache) if cache is not None else None)
        return lambda rows: _judge(rows, replies, rule, runs)

    config = {
        "judge": judge,
        "rule": f"{rule.name}-{rule.version}",
        "prompt": rule.prompt_hash,
        "decoding": asdict(rule.decoding),
        "tries": [rule.tries, rule.retry_temperature],
        "runs": runs,
    }
    return Stage(name=name, make=make, config=config, version="1", inputs=inputs, batch_size=batch_size)


@dataclass
class _Case:
    """One answer in one judging run."""

    row: Row
    trial: Mapping[str, Any]
    run: int
    messages: Messages
    tries: int = 0
    reply: str = ""
    tokens: int = 0
    grade: Grade | None = None
    error: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there is still something to ask."""
        return self.grade is None and not self.error


@dataclass
class _Replies:
    """A judge behind its cache."""

    sampler: Sampler
    judge: str
    cache: VerdictCache | None
    known: dict[str, JudgeReply] = field(default_factory=dict[str, JudgeReply])
    """Of the batch under way."""

    def fetch(self, cases: Sequence[_Case], rule: JudgeRule, number: int) -> None:
        """Give each case its reply to try `number`, or the error; the same prompt is asked once."""
        keys = [reply_key(self.judge, case.messages, rule.decoding_of(case.run, number), number) for case in cases]
        self.known = self.cache.find(set(keys)) if self.cache else {}
        missing = {key: case for key, case in zip(keys, cases, strict=True) if key not in self.known}
        errors = self._ask(missing, rule, number) if missing else {}
        for key, case in zip(keys, cases, strict=True):
            _hear(case, self.known.get(key), errors.get(key, ""))

    def _ask(self, missing: Mapping[str, _Case], rule: JudgeRule, number: int) -> dict[str, str]:
        """Ask, keep the replies, and return the errors by key."""
        questions = [  # ids from the content: a seeded reply does not depend on which row came first
            Question(
                id=f"{rule.name}-{key[:32]}",
                messages=one.messages,
                images=(),
                decoding=rule.decoding_of(one.run, number),
            )
            for key, one in missing.items()
        ]
        answers = without_keys(lambda: self.sampler(questions))
        if [answer.id for answer in answers] != [question.id for question in questions]:
            raise BenchEvalError(
                f"a judge must answer its {len(questions)} questions in order; got {len(answers)} answers."
            )
        told = dict(zip(missing, answers, strict=True))
        fresh = {key: JudgeReply(one.texts[0], one.tokens) for key, one in told.items() if not _error_of(one)}
        if self.cache and fresh:
            self.cache.keep(fresh)
        self.known |= fresh
        return {key: error for key, one in told.items() if (error := _error_of(one))}


def _error_of(answers: Answers) -> str:
    if answers.error:
        return redact_keys(answers.error)
    return "" if len(answers.texts) == 1 else f"asked for 1 text; got {len(answers.texts)}"


def _hear(case: _Case, reply: JudgeReply | None, error: str) -> None:
    if reply is None:
        case.error = error
        return
    case.tries += 1
    case.reply, case.tokens = reply.text, case.tokens + reply.tokens


def _judge(rows: list[Row], replies: _Replies, rule: JudgeRule, runs: int) -> list[Outcome]:
    """Judge a batch; each row gets an outcome in its place."""
    cases: dict[int, list[_Case]] = {}
    outcomes: dict[int, Outcome] = {}
    for index, row in enumerate(rows):
        try:
            cases[index] = _cases(row, rule, runs)
        except BenchEvalError as error:
            outcomes[index] = Failed("bad_row", str(error))
    everything = [case for some in cases.values() for case in some]
    for number in range(rule.tries):
        if still := [case for case in everything if case.is_open]:
            replies.fetch(still, rule, number)
            _read(still, rule)
    outcomes |= {index: _outcome(rows[index], some, replies.judge, runs) for index, some in cases.items()}
    return [outcomes[index] for index in range(len(rows))]


def _cases(row: Row, rule: JudgeRule, runs: int) -> list[_Case]:
    trials = row.get("trials")
    if not trials or not all(isinstance(trial.get("text"), str) for trial in trials):
        raise BenchEvalError(f"row {row.get('id')!r} needs trials with text to be judged.")
    asked = [rule.ask(row, final_text(trial["text"])) for trial in trials]
    pairs = list(zip(trials, asked, strict=True))
    return [_Case(row, trial, run, messages) for run in range(runs) for trial, messages in pairs]


def _read(cases: Sequence[_Case], rule: JudgeRule) -> None:
    for case in cases:
        if not case.error:
            case.grade = rule.parse(case.reply, case.row)


def _outcome(row: Row, cases: Sequence[_Case], judge: str, runs: int) -> Outcome:
    tokens = sum(case.tokens for case in cases)
    errors = [case.error for case in cases if case.error]
    if errors:
        return Failed("judge_error", f"{len(errors)} of {len(cases)} judgements failed; first: {errors[0]}", tokens)
    return Done([{**row, "trials": [_judged_trial(case, judge, runs) for case in cases]}], tokens)


def _judged_trial(case: _Case, judge: str, runs: int) -> Row:
    checked = check_grade(case.grade) if case.grade else CheckedGrade(None, UNREADABLE, "")
    return {
        **case.trial,
        **({"judge_run": case.run} if runs > 1 else {}),
        "judge": judge,
        "judge_reply": case.reply,
        "judge_tries": case.tries,
        "answer": checked.answer,
        "score": checked.score,
        "reason": checked.reason,
        "verdict": checked.verdict,
    }
