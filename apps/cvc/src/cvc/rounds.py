"""`cvc run --rounds N`: the whole method again and again, each time with the model that the round before made.

Each round is a run of its own in `RUN/round-K`; what they came to is in `RUN/rounds.json`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Row, RunSummary, read_rows, status
from shard_runner.cli import check_run_kind, run_by_settings

from cvc.comparing import greedy_accuracy, split_by_kind, trial_accuracy
from cvc.construction import text_model
from cvc.errors import CvcError, SettingsError
from cvc.evaluation import AFTER, BEFORE
from cvc.hiding import OCCLUDED
from cvc.pipeline import STEPS, build_pipeline, check_needs
from cvc.report import make_report
from cvc.settings import VALIDATION_SHARE, CvcSettings
from cvc.training import TRAINED

if TYPE_CHECKING:
    from llava_train import Collapse, Evaluation, MadeRows

WITHOUT_MODEL = (*tuple(STEPS)[: list(STEPS).index("trials")], OCCLUDED)
"""Folders of a run that are the same whatever model guesses; later rounds take them over."""


def run_command(settings: CvcSettings, run_dir: Path, step: str | None) -> RunSummary:
    """Bring one step and what it needs up to date, or the whole run.

    Raises:
        SettingsError: a setting is missing, one step is asked for in several rounds, or the folder holds another run.
    """
    if settings.rounds > 1 and step is not None:
        raise SettingsError(
            f"`cvc {step}` works in one round: leave --rounds out, and give --out {run_dir / 'round-K'}, the --model "
            f"that the round starts from and --validation-share {_share(settings)}."
        )
    check_needs(settings, step or "eval")
    if step is None:
        return run_whole(settings, run_dir)
    check_run_kind(run_dir, settings.rounds, error=SettingsError)
    return run_by_settings(build_pipeline(settings, run_dir), run_dir, settings=settings, only=[step])


def run_whole(settings: CvcSettings, run_dir: Path, *, progress: bool = True) -> RunSummary:
    """Bring a whole run up to date, in one round or in several; killed, the same call goes on where it was.

    Returns:
        What became of the rows; with several rounds, of those of the last.
    """
    from llava_train import ROUNDS_FILE, RoundSettings, run_rounds, save_rounds

    check_run_kind(run_dir, settings.rounds, error=SettingsError)
    if settings.rounds == 1:
        return run_by_settings(build_pipeline(settings, run_dir), run_dir, settings=settings, progress=progress)
    run_by_settings([], run_dir, settings=settings)
    (run_dir / ROUNDS_FILE).unlink(missing_ok=True)
    rule = RoundSettings(rounds=settings.rounds, patience=settings.patience, least_distinct=settings.least_distinct)
    work = _Rounds(settings, run_dir, progress)
    save_rounds(run_rounds(work, settings.needed_checkpoint(), rule), run_dir)
    return work.summary


def round_settings(settings: CvcSettings, model: str) -> CvcSettings:
    """Settings of one round as a run of its own."""
    one: dict[str, Any] = {"rounds": 1, "patience": None, "least_distinct": 0.0}
    if "llm" in (settings.entities, settings.questions):
        one["text_model"] = text_model(settings)  # that of the first round: entities and questions stay as they are
    return settings.model_copy(update={**one, "validation_share": _share(settings), "model": model})


def _share(settings: CvcSettings) -> float:
    return VALIDATION_SHARE if settings.validation_share is None else settings.validation_share


class _Rounds:
    """Parts of a round, each some steps of its own run folder. Keeps `llava_train.RoundWork`."""

    summary: RunSummary

    def __init__(self, settings: CvcSettings, run_dir: Path, progress: bool) -> None:
        self._settings, self._run_dir, self._progress = settings, run_dir, progress

    def evaluate(self, model: str, number: int) -> "Evaluation":
        """The held-out rows, asked before round 1 or after round `number`."""
        if number == 0:
            return self._measure(self._bring(1, [f"grades-{BEFORE}"]), BEFORE)
        folder = self._bring(number, None)
        make_report(round_settings(self._settings, self._model(number)), folder)
        return self._measure(folder, AFTER)

    def make_rows(self, model: str, number: int) -> "MadeRows":
        """Guess, judge and mix."""
        from llava_train import MadeRows, open_round_folder

        if number > 1:
            open_round_folder(self._run_dir, number, model, carried=WITHOUT_MODEL)
        folder = self._bring(number, ["mix"])
        rows, judged = list(read_rows(folder, "mix")), list(read_rows(folder, "judge"))
        return MadeRows(rows, counts=count_instances(folder), collapse=trial_variety(judged))

    def train(self, model: str, made: "MadeRows", number: int) -> str:
        """Fine-tune the model that guessed."""
        return str(self._bring(number, ["train"]) / TRAINED)

    def _bring(self, number: int, steps: list[str] | None) -> Path:
        from llava_train import round_folder

        folder = round_folder(self._run_dir, number)
        settings = round_settings(self._settings, self._model(number))
        pipeline = build_pipeline(settings, folder)
        self.summary = run_by_settings(pipeline, folder, settings=settings, only=steps, progress=self._progress)
        return folder

    def _model(self, number: int) -> str:
        """The model that a round starts from."""
        from llava_train import round_folder

        return (
            str(round_folder(self._run_dir, number - 1) / TRAINED) if number > 1 else self._settings.needed_checkpoint()
        )

    def _measure(self, folder: Path, when: str) -> "Evaluation":
        settings = self._settings
        return measure_rows(list(read_rows(folder, f"grades-{when}")), share=_share(settings), seed=settings.seed)


def measure_rows(rows: Sequence[Row], *, share: float, seed: int) -> "Evaluation":
    """The score of judged rows, apart for validation and test: trials of hidden things, greedy answers without such.

    Raises:
        CvcError: one of the two has no row.
    """
    from bench_eval import accuracy
    from llava_train import Evaluation, split_rows

    completion, _ = split_by_kind(rows)
    measure, counted = (trial_accuracy, completion) if completion else (greedy_accuracy, rows)
    details: dict[str, dict[str, Any]] = {}
    for name, some in split_rows(counted, share=share, seed=seed).items():
        if not some:
            raise CvcError(f"No held-out row is for {name}: hold more out, or change --validation-share.")
        found = accuracy([measure(row) for row in some], [row["cluster"] for row in some])
        details[name] = {"score": found.value, "n": found.n, "interval": list(found.interval)}
    return Evaluation(details["validation"]["score"], details["test"]["score"], details)


def count_instances(run_dir: Path) -> dict[str, int]:
    """What became of the instances that were guessed: `kept` gave training rows, the others were dropped or failed."""
    accounts = {account.name: account for account in status(run_dir)}
    trials, mix = accounts["trials"], accounts["mix"]
    failed = {f"failed: {reason}": count for reason, count in trials.failed.items()}
    return {"kept": mix.done, **mix.dropped, **failed}


def trial_variety(judged: Sequence[Row]) -> "Collapse":
    """How much the trials differ; two trials agree if they name the same thing."""
    from answer_judge import extract_answer
    from llava_train import measure_collapse

    def named(text: str) -> str:
        return " ".join(extract_answer(text).casefold().split())

    return measure_collapse([[trial["text"] for trial in row["trials"]] for row in judged], result=named)
