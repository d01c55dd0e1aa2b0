"""A whole run: rounds as `llava-train` goes through them, each part a piece of the pipeline."""

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import RunSummary, read_rows
from shard_runner.cli import run_by_settings

from selfsynthx.answers_kept import count_kept
from selfsynthx.comparing import compare_rounds
from selfsynthx.datasets import LabelledSet
from selfsynthx.measures import measure_model
from selfsynthx.pipeline import build_pipeline, check_needs, measured_names, rows_name, targets
from selfsynthx.right_answers import RightAnswers
from selfsynthx.settings import SynthSettings
from selfsynthx.sources import read_set, save_refused
from selfsynthx.training import trained_folder, training_name

if TYPE_CHECKING:
    from llava_train import Collapse, Evaluation, MadeRows


def run_command(settings: SynthSettings, run_dir: Path, command: str | None) -> RunSummary:
    """Bring one command's steps up to date, or the whole run."""
    check_needs(settings)
    if command is None:
        return run_method(settings, run_dir)
    only, found = targets(command, settings), read_set(settings)
    save_refused(found, run_dir)
    return run_by_settings(build_pipeline(settings, run_dir, found=found), run_dir, settings=settings, only=only)


def run_method(settings: SynthSettings, run_dir: Path, *, progress: bool = True) -> RunSummary:
    """Go through the rounds until they are done or a rule stops them; killed, the same call goes on where it was."""
    from llava_train import run_rounds, save_rounds

    labelled = read_set(settings)
    save_refused(labelled, run_dir)
    work = _PipelineRounds(settings, run_dir, labelled, progress)
    found = run_rounds(work, settings.needed_model(), settings.round_settings())
    save_rounds(found, run_dir)
    last = found.last.number
    compare_rounds(settings, run_dir, last)
    steps = build_pipeline(settings, run_dir, rounds=last, found=labelled)
    return run_by_settings(steps, run_dir, settings=settings, progress=progress)


class _PipelineRounds:
    """Parts of a round; each brings steps of the one pipeline up to date. Keeps `llava_train.RoundWork`."""

    def __init__(self, settings: SynthSettings, run_dir: Path, labelled: LabelledSet, progress: bool) -> None:
        self._settings, self._run_dir, self._progress = settings, run_dir, progress
        self._right = RightAnswers(settings, labelled.labels)
        self._pipeline = build_pipeline(settings, run_dir, found=labelled)

    def evaluate(self, model: str, number: int) -> "Evaluation":
        """Accuracy on validation pictures, and on test pictures to report."""
        from llava_train import Evaluation

        self._bring(measured_names(self._settings, number))
        found = measure_model(self._run_dir, number)
        details = {split: one.as_dict() for split, one in found.items()}
        return Evaluation(found["validation"].accuracy or 0.0, found["test"].accuracy, details)

    def make_rows(self, model: str, number: int) -> "MadeRows":
        """The rows of a round, counted."""
        from llava_train import MadeRows

        self._bring([rows_name(number)])
        rows = list(read_rows(self._run_dir, rows_name(number)))
        return MadeRows(rows, counts=count_kept(rows), collapse=self._collapse(number))

    def train(self, model: str, made: "MadeRows", number: int) -> str:
        """Train the method and its controls."""
        self._bring([training_name(number, arm) for arm in self._settings.arms])
        return str(trained_folder(self._run_dir, number))

    def _bring(self, names: list[str]) -> None:
        run_by_settings(self._pipeline, self._run_dir, settings=self._settings, only=names, progress=self._progress)

    def _collapse(self, number: int) -> "Collapse":
        """Of all that the model answered; two answers agree if they claim the same label."""
        from llava_train import measure_collapse

        groups: defaultdict[str, list[str]] = defaultdict(list)
        for row in read_rows(self._run_dir, rows_name(number)):
            groups[row["id"]] += [one["text"] for one in row["candidates"]]
        return measure_collapse(groups.values(), result=lambda text: self._right.resolve(text)[0])
