"""The same held-out questions before and after: steps `eval-rows` to `eval`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shard_runner import Done, Dropped, Failed, Outcome, Row, Source, Stage, StageFn, Task, TaskContext

from cvc.comparing import compare_answers
from cvc.engines import Judge, judge_config, load_model_sampler, model_identity, new_tokens
from cvc.errors import InputError
from cvc.settings import CvcSettings
from cvc.training import TRAINED
from cvc.trials import SAMPLING_SETTINGS, is_held_out, references

COMPLETION = "completion"
"""Task of rows that ask what is hidden: they get n sampled trials beside the greedy answer."""

BEFORE, AFTER = "before", "after"

EVAL_FIELDS = ("id", "task", "cluster", "image", "question")
"""What evaluation rows keep of a file of questions, beside the answer."""


def evaluation_steps(settings: CvcSettings, run_dir: Path) -> list[Source | Stage | Task]:
    """Pose the held-out questions to the model and to its trained self, judge the answers, compare."""
    trained = run_dir / TRAINED
    return [
        given_rows(settings.eval_data) if settings.eval_data else _held_out_rows(settings),
        answer_stage(f"answers-{BEFORE}", settings, run_dir, settings.checkpoint, inputs=("eval-rows",)),
        answer_stage(f"answers-{AFTER}", settings, run_dir, trained, inputs=("eval-rows", "train")),
        grade_stage(f"grades-{BEFORE}", settings, run_dir, inputs=(f"answers-{BEFORE}",)),
        grade_stage(f"grades-{AFTER}", settings, run_dir, inputs=(f"answers-{AFTER}",)),
        _compare_task(settings),
    ]


def read_eval_data(path: Path) -> Iterator[Row]:
    """Yield evaluation rows `{id, task, cluster, image, question, references}` of a JSON list.

    Raises:
        InputError: the file is no such list, or a row lacks `id`, `image`, `question` or `answer`.
    """
    from bench_eval import BenchEvalError, read_question_file

    try:
        for row in read_question_file(path, default_task=COMPLETION):
            yield {name: row[name] for name in EVAL_FIELDS} | {"references": [row["answer"]]}
    except BenchEvalError as error:
        raise InputError(f"--eval-data {error}") from error


def given_rows(path: Path) -> Source:
    """Read the evaluation rows of a file; `stamp` tells a changed picture."""

    def rows() -> Iterator[Row]:
        from box_space import image_stamp

        for row in read_eval_data(path):
            yield row | {"stamp": image_stamp(row["image"])}

    return Source(name="eval-rows", rows=rows)


def _held_out_rows(settings: CvcSettings) -> Stage:
    def evaluation_row(row: Row) -> Outcome:
        if not is_held_out(row["image_id"], settings):
            return Dropped("for_training")
        names = {"task": COMPLETION, "cluster": row["image_id"], "image": row["occluded"]}
        told = {"references": references(row), "stamp": row["stamp"]}
        return [{"id": row["id"], **names, "question": row["reasoning"], **told}]

    def make() -> StageFn:
        return lambda rows: [evaluation_row(row) for row in rows]

    config = settings.picked("held_out_share")
    return Stage(name="eval-rows", make=make, config=config, inputs=("question",), batch_size=64)


def answer_stage(
    name: str, settings: CvcSettings, run_dir: Path, model: str | Path | None, *, inputs: tuple[str, ...] = ()
) -> Stage:
    """Ask a model: every row greedily (`greedy`), completion rows n times as well (`trials`); nothing is judged yet.

    The draw is never adaptive, since pass rates are compared; of a model that is served, the weights are opened.
    """
    local = settings.with_weights_at_hand()

    def make() -> StageFn:
        sampler = load_model_sampler(local, settings.needed_checkpoint() if model is None else model)
        return lambda rows: _ask(rows, settings, run_dir, sampler)

    # What a task of this run makes is told apart by the task's own fingerprint, and is not there yet.
    is_made_here = model is not None and Path(model).is_relative_to(run_dir)
    config = local.picked(*SAMPLING_SETTINGS) | ({} if is_made_here else {"model": model_identity(model)})
    return Stage(name=name, make=make, config=config, inputs=inputs, batch_size=settings.prompts_per_batch)


def _ask(rows: list[Row], settings: CvcSettings, run_dir: Path, sampler: Any) -> list[Outcome]:
    completion = [row for row in rows if row["task"] == COMPLETION]
    greedy = sampler.sample([_request(row, settings, run_dir, greedy=True) for row in rows])
    drawn = sampler.sample([_request(row, settings, run_dir, greedy=False) for row in completion]) if completion else []
    trials = {row["id"]: result for row, result in zip(completion, drawn, strict=True)}
    return [_answered(row, first, trials.get(row["id"])) for row, first in zip(rows, greedy, strict=True)]


def _request(row: Row, settings: CvcSettings, run_dir: Path, *, greedy: bool) -> Any:
    from trial_sampler import Request, image_question

    return Request(
        id=row["id"],
        messages=image_question(row["question"]),
        images=[run_dir / row["image"]],
        n=1 if greedy else settings.n,
        temperature=0.0 if greedy else settings.temperature,
        top_p=1.0 if greedy else settings.top_p,
        max_new_tokens=settings.max_new_tokens,
        seed=settings.seed,
    )


def _answered(row: Row, greedy: Any, drawn: Any) -> Outcome:
    first = [asdict(trial) for trial in greedy.trials]
    trials = [asdict(trial) for trial in (drawn.trials if drawn else ())]
    tokens = new_tokens([*first, *trials])
    for result in (greedy, drawn):
        if result is not None and result.error is not None:
            return Failed(result.error.reason, result.error.detail, tokens)
    return Done([row | {"greedy": first[0], "trials": trials}], tokens)


def grade_stage(name: str, settings: CvcSettings, run_dir: Path, *, inputs: tuple[str, ...] = ()) -> Stage:
    """Judge saved answers: completions after extraction, boxes by IoU of at least 0.5, all else as they stand."""

    def make() -> StageFn:
        judge = Judge(settings, run_dir)

        def score(row: Row) -> Outcome:
            greedy, *trials = judge_answers(row, [row["greedy"], *row["trials"]], judge)
            return [row | {"greedy": greedy, "trials": trials, "right": sum(trial["verdict"] for trial in trials)}]

        return lambda rows: [score(row) for row in rows]

    return Stage(name=name, make=make, config=judge_config(settings), inputs=inputs, batch_size=64)


def judge_answers(row: Row, trials: list[Row], judge: Judge) -> list[Row]:
    """The answers to one row with `answer, verdict, rung, score`."""
    from bench_eval import box_grader, text_to_box_xyxy

    reference = row["references"][0]
    if row["task"] != COMPLETION and text_to_box_xyxy(reference):
        grades = [box_grader(0.5)(trial["text"], {"answer": reference}) for trial in trials]
        return [
            trial | {"answer": grade.answer, "verdict": grade.score == 1, "rung": "iou", "score": grade.score}
            for trial, grade in zip(trials, grades, strict=True)
        ]
    return judge(trials, row["references"], extract=row["task"] == COMPLETION)


def _compare_task(settings: CvcSettings) -> Task:
    """Compare the two row by row, into `against-before.json`; without the rows that choose the best round."""
    share = settings.validation_share

    def run(ctx: TaskContext) -> None:
        from bench_eval import save_contrasts
        from llava_train import split_rows

        before, after = (
            split_rows(ctx.read_rows(f"grades-{name}"), share=share, seed=ctx.seed)["test"] for name in (BEFORE, AFTER)
        )
        save_contrasts({BEFORE: compare_answers(before, after, seed=ctx.seed)}, ctx.folder)

    config = {} if share is None else {"validation_share": share}
    return Task(name="eval", run=run, config=config, inputs=(f"grades-{BEFORE}", f"grades-{AFTER}"))
