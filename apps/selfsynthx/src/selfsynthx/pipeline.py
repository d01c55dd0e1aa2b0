"""The method as one list of steps, round by round."""

from collections.abc import Sequence
from pathlib import Path

from shard_runner import Step, file_digest

from selfsynthx.answering import answer_name, answer_stage
from selfsynthx.choosing import choose_name, choose_stage
from selfsynthx.datasets import LabelledSet
from selfsynthx.describing import DESCRIBE, describe_stage
from selfsynthx.errors import InputError, SettingsError
from selfsynthx.evaluation import evaluation_stages
from selfsynthx.label_features import CONCEPTS, concepts_task, features_stage
from selfsynthx.models import model_identity
from selfsynthx.quality import quality_name, quality_stage
from selfsynthx.seeing import seen_stage
from selfsynthx.selecting import SELECT, select_stage
from selfsynthx.settings import SynthSettings
from selfsynthx.sources import eval_source, images_source, labels_source, read_set, read_truth
from selfsynthx.synthesising import SYNTHESISE, synthesise_stage
from selfsynthx.training import train_task, training_name

COMMANDS = {
    "concepts": "List the features of every label, from a file or by asking a model.",
    "describe": "Describe every picture several times, label untold.",
    "select": "Keep the features that each picture's descriptions show.",
    "synthesise": "First round: answers of a teacher that is told label and features.",
    "train": "Learn from the rows of the last of --rounds.",
    "answer": "Later rounds: draw answers to each question, from the picture alone.",
    "choose": "Later rounds: of each question's answers take the one that is learned.",
    "eval": "Ask the held-out pictures of the base model and of each of --rounds.",
}
"""Steps that are subcommands, in order, with what each does."""


def build_pipeline(
    settings: SynthSettings, run_dir: Path, *, rounds: int | None = None, found: LabelledSet | None = None
) -> list[Step]:
    """All steps of a run in the folder `run_dir`, of the base model and then of each round.

    Args:
        settings: of the run.
        run_dir: its folder.
        rounds: how many; by default as the settings say.
        found: the labelled set; by default read as the settings say.
    """
    found = found or read_set(settings)
    steps: list[Step] = [images_source(settings, found), labels_source(found), features_stage(settings)]
    steps += [concepts_task(settings, found.labels), eval_source(settings, found), seen_stage(settings, run_dir)]
    steps += _measured(settings, run_dir, found.labels, 0, "")
    steps += [describe_stage(settings), select_stage(settings, run_dir), synthesise_stage(settings, found.labels)]
    for number in range(1, (settings.rounds if rounds is None else rounds) + 1):
        steps += _round(settings, run_dir, found, number)
    return steps


def rows_name(number: int) -> str:
    """Name of the step whose rows a round learns from."""
    return SYNTHESISE if number == 1 else choose_name(number)


def targets(command: str, settings: SynthSettings) -> list[str]:
    """Names of the steps that a command is to bring up to date.

    Raises:
        SettingsError: the first round has no such step.
    """
    last = settings.rounds
    if command in ("answer", "choose") and last < 2:
        raise SettingsError(f"{command} belongs to the second round and later ones: --rounds 2 or more.")
    every = [(number, arm) for number in range(1, last + 1) for arm in settings.arms]
    known = {
        "concepts": [CONCEPTS],
        "describe": [DESCRIBE],
        "select": [SELECT],
        "synthesise": [SYNTHESISE],
        "train": [training_name(last, arm) for arm in settings.arms],
        "answer": [answer_name(last)],
        "choose": [choose_name(last)],
        "eval": [quality_name(number, arm) for number, arm in [(0, ""), *every]],
    }
    return known[command]


def measured_names(settings: SynthSettings, number: int) -> list[str]:
    """Names of the steps that measure the model of a round and its controls."""
    return [quality_name(number, arm) for arm in (settings.arms if number else [""])]


def check_needs(settings: SynthSettings) -> None:
    """Make sure, before any work, that everything is there.

    Raises:
        SettingsError: there is no such data set, or a setting without a default is missing, named with what it is for.
        InputError: a file that is needed later cannot be read.
        llava_train.SettingsError: the model is written as a path, and there is no such folder.

    >>> check_needs(SynthSettings(data="birds"))
    Traceback (most recent call last):
    ...
    selfsynthx.errors.SettingsError: --model is needed: a folder or Hub id of the chat VLM that explains and learns.
    """
    settings.spec.words()
    settings.needed("data", "labelled pictures, as a folder of folders or a file of rows")
    model_identity(settings)  # refuses a path without a folder
    if settings.concepts is None and settings.concepts_model is None:
        raise SettingsError("--concepts is needed: a file of each label's features, or --concepts-model to ask for it.")
    for path in (settings.concepts, settings.mix):
        file_digest(path, error=InputError)
    read_truth(settings.truth)
    if settings.mix_images is not None and not settings.mix_images.is_dir():
        raise InputError(f"--mix-images must be a folder; {settings.mix_images.name} is none.")


def _round(settings: SynthSettings, run_dir: Path, found: LabelledSet, number: int) -> list[Step]:
    steps: list[Step] = []
    if number > 1:
        steps += [answer_stage(settings, run_dir, number), choose_stage(settings, run_dir, found.labels, number)]
    for arm in settings.arms:
        steps.append(train_task(settings, number, rows_name(number), arm))
        steps += _measured(settings, run_dir, found.labels, number, arm)
    return steps


def _measured(settings: SynthSettings, run_dir: Path, labels: Sequence[str], number: int, arm: str) -> list[Step]:
    return [
        *evaluation_stages(settings, run_dir, labels, number, arm),
        quality_stage(settings, run_dir, labels, number, arm),
    ]
