"""The method as one list of steps."""

from pathlib import Path

from shard_runner import Step

from svco.errors import InputError
from svco.evaluation import evaluation_steps
from svco.filtering import filter_stage
from svco.pairs import check_stage, export_task, pairs_source, split_stage
from svco.settings import SvcoRunSettings
from svco.training import reference_stage, train_task

STEPS = {
    "pairs": "Read the pairs of --data.",
    "check": "Open both images of each pair, look at the texts, measure what differs.",
    "filter": "Keep hard but meaningful pairs, by two image models (with --filter).",
    "split": "Set validation pairs apart; no image crosses.",
    "export": "Write both parts as MVC JSON.",
    "reference": "Compute the frozen model's log-probabilities, once, and refuse what cannot be trained on.",
    "train": "Train on the pairs.",
    "eval": "Ask, measure and compare: before, after, and each of --controls.",
}
"""Steps that are subcommands, in order, with what each does."""

_NEEDS = {
    "pairs": ("data", "pairs as MVC JSON; `svco prepare --help` makes it"),
    "reference": ("model", "a folder or Hub id of the chat VLM that learns"),
}


def build_pipeline(settings: SvcoRunSettings, run_dir: Path, *, last: str = "eval") -> list[Step]:
    """All steps of a run in the folder `run_dir`, in the order of `STEPS`, up to one of them.

    Steps from `reference` on need a model, those before do not.
    """
    steps: list[Step] = [
        pairs_source(settings),
        check_stage(settings),
        filter_stage(settings, run_dir),
        split_stage(settings),
        export_task(settings),
    ]
    if list(STEPS).index(last) < list(STEPS).index("reference"):
        return steps
    steps += [reference_stage(settings), train_task(settings)]
    steps += [train_task(settings, control) for control in settings.controls]
    return [*steps, *evaluation_steps(settings, run_dir)]


def check_needs(settings: SvcoRunSettings, last: str = "eval") -> None:
    """Make sure, before any work, that everything up to a step has what it needs.

    Raises:
        SettingsError: a setting without a default is missing, named with what it is for.
        InputError: the evaluation questions, which are needed after training, cannot be read.

    >>> check_needs(SvcoRunSettings(data="mvc.json"), "train")
    Traceback (most recent call last):
    ...
    svco.errors.SettingsError: --model is needed: a folder or Hub id of the chat VLM that learns.
    """
    from bench_eval import check_question_file

    names = list(STEPS)
    for step, (name, why) in _NEEDS.items():
        if names.index(step) <= names.index(last):
            settings.needed(name, why)
    check_question_file(settings.eval_data, flag="--eval-data", error=InputError)
