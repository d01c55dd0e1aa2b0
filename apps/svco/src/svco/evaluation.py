"""The same questions and the same held-out pairs before and after: steps `questions` to `eval`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Outcome, Row, Source, Stage, StageFn, Step, Task, TaskContext

from svco.comparing import compare_answers, compare_margins
from svco.pairs import VALIDATION, row_to_pair
from svco.settings import SvcoRunSettings
from svco.training import task_name, trained_folder, training_settings

if TYPE_CHECKING:
    from bench_eval import Comparison, Sampler

BEFORE, AFTER = "before", "after"


def evaluation_steps(settings: SvcoRunSettings, run_dir: Path) -> list[Step]:
    """Ask and grade every model; measure the held-out pairs' log-probabilities; compare."""
    models = models_of(settings, run_dir)
    steps: list[Step] = []
    if settings.eval_data is not None:
        steps.append(questions_source(settings))
        for name, (model, task) in models.items():
            steps += [answer_stage(name, model, task, settings), grade_stage(name)]
    steps += [margin_stage(name, model, task, settings) for name, (model, task) in models.items()]
    return [*steps, compare_task(settings, list(models))]


def models_of(settings: SvcoRunSettings, run_dir: Path) -> dict[str, tuple[str, str | None]]:
    """Checkpoint of each model that is compared, and the task that makes it."""
    found: dict[str, tuple[str, str | None]] = {BEFORE: (settings.needed("model", "the model that learns"), None)}
    for name, control in {AFTER: None, **{control: control for control in settings.controls}}.items():
        found[name] = (str(trained_folder(run_dir, control)), task_name(control))
    return found


def questions_source(settings: SvcoRunSettings) -> Source:
    """Read the evaluation questions; rows `{id, task, cluster, pair, image, stamp, answer, messages}`."""

    def rows() -> Any:
        from bench_eval import read_question_file
        from box_space import image_stamp
        from trial_sampler import image_question

        for row in read_question_file(settings.needed("eval_data", "evaluation questions")):
            asked = {"messages": image_question(row["question"]), "stamp": image_stamp(row["image"])}
            yield {"pair": None, **row, **asked}

    return Source(name="questions", rows=rows)


def answer_stage(name: str, model: str, task: str | None, settings: SvcoRunSettings) -> Stage:
    """Ask one model every question, greedily."""
    from bench_eval import Decoding, response_stage

    return response_stage(
        f"answers-{name}",
        lambda: _open_sampler(model, settings),
        model=f"{_identity(model, task)} {settings.dtype}",
        decoding=Decoding(max_new_tokens=settings.max_new_tokens),
        batch_size=settings.prompts_per_batch,
        inputs=("questions", *([task] if task else [])),
    )


def grade_stage(name: str) -> Stage:
    """Grade saved answers: boxes by IoU of at least 0.5, yes and no by the first word, all else as whole answers."""
    from bench_eval import SHORT_ANSWER_GRADER, grade_short_answer, grading_stage

    return grading_stage(
        f"grades-{name}", grade_short_answer, grader_name=SHORT_ANSWER_GRADER, inputs=(f"answers-{name}",)
    )


def margin_stage(name: str, model: str, task: str | None, settings: SvcoRunSettings) -> Stage:
    """The six log-probabilities of the validation pairs under one model (`logps`), for forced choices."""

    def make() -> StageFn:
        return _Margins(model, settings)

    config = settings.picked("max_answer_tokens", "long_answers", "dtype", "attention")
    config |= {"model": _identity(model, task)}
    inputs = ("reference", *([task] if task else []))
    return Stage(name=f"margins-{name}", make=make, config=config, inputs=inputs, batch_size=16)


class _Margins:
    """One model and its template, loaded once."""

    def __init__(self, model: str, settings: SvcoRunSettings) -> None:
        from svco_loss.training import load_pair_encoder, load_reference_model

        # a forward pass alone takes more pairs at a time than training does
        chosen = training_settings(settings.model_copy(update={"model": model, "batch_size": 8}))
        self._settings = chosen
        self._root = settings.image_root
        self._encoder = load_pair_encoder(chosen)
        self._model = load_reference_model(chosen)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from svco_loss.references import ReferenceSource, ReferenceStore
        from svco_loss.training import compute_references, prepare_pairs

        held = [row for row in rows if row["part"] == VALIDATION]
        # one by one: of two equal pairs neither is a duplicate here
        prepared = [prepare_pairs([row_to_pair(row)], self._encoder, image_root=self._root) for row in held]
        good = {row["id"]: (one.pairs[0], one.keys[0]) for row, one in zip(held, prepared, strict=True) if one.pairs}
        pairs, keys = [pair for pair, _ in good.values()], [key for _, key in good.values()]
        store = ReferenceStore(ReferenceSource("", "", ""))
        compute_references(self._model, pairs, keys, self._encoder, store, self._settings, progress=False)
        logps = {row_id: list(store.get(key)) for row_id, (_, key) in good.items()}
        names = ("id", "category", "image_a", "image_b", "question", "text_x", "text_y")
        return [
            [{name: row[name] for name in names} | {"logps": logps[row["id"]]}] if row["id"] in logps else []
            for row in rows
        ]


def compare_task(settings: SvcoRunSettings, names: Sequence[str]) -> Task:
    """Compare the method with before and with each control, row by row: files `against-NAME.json`."""
    others = [name for name in names if name != AFTER]

    def run(ctx: TaskContext) -> None:
        from bench_eval import save_contrasts

        answers = {name: list(ctx.read_rows(f"grades-{name}")) if settings.eval_data else [] for name in names}
        margins = {name: list(ctx.read_rows(f"margins-{name}")) for name in names}

        def lines(other: str) -> "list[Comparison]":
            asked = compare_answers(answers[other], answers[AFTER], seed=ctx.seed)
            return [*compare_margins(margins[other], margins[AFTER], seed=ctx.seed), *asked]

        save_contrasts({name: lines(name) for name in others}, ctx.folder)

    inputs = [f"margins-{name}" for name in names]
    inputs += [f"grades-{name}" for name in names] if settings.eval_data else []
    return Task(name="eval", run=run, inputs=tuple(inputs))


def _identity(model: str, task: str | None) -> str:
    """What a task of this run makes is told apart by the task's own fingerprint, and is not there yet."""
    from llava_train import model_digest

    return task if task else model_digest(model)


def _open_sampler(model: str, settings: SvcoRunSettings) -> "Sampler":
    from bench_eval import sampler_through
    from llava_train import compute_dtype
    from transformers.utils import logging
    from trial_sampler import Request, load_sampler

    logging.disable_progress_bar()
    dtype = compute_dtype(settings)
    sampler = load_sampler(model, device=settings.device, dtype=dtype, batch_size=settings.prompts_per_batch)
    return sampler_through(sampler.sample, Request)


def load_contrasts(run_dir: Path) -> "dict[str, list[Comparison]]":
    """The method against the model before training and against each control; nothing before that is compared."""
    from bench_eval import load_contrasts as load

    return load(run_dir / "eval")
