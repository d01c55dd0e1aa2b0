"""The method as one list of steps."""

from pathlib import Path

from shard_runner import Step

from world2code.arms import Arm
from world2code.captioning import captions_stage
from world2code.errors import InputError
from world2code.evaluation import evaluation_steps
from world2code.exporting import export_task
from world2code.grounding import concepts_stage, ground_stage, needed_detector
from world2code.interviewing import confirm_stage, describe_stage, validate_stage
from world2code.lexicons import noun_phrases, own_nouns
from world2code.rendering import render_stage
from world2code.rows import row_wording, rows_stage
from world2code.scoring import quality_task
from world2code.settings import W2cSettings
from world2code.sources import check_input, images_source
from world2code.training import train_task

STEPS = {
    "captions": "Describe every image several times.",
    "concepts": "Find the names that the captions hold.",
    "ground": "Find a box for each name.",
    "confirm": "Ask whether each box is there, and whether there are so many.",
    "describe": "Describe and read what is left, and pairs of it.",
    "validate": "Ask about the claims of captions until the best of each is known.",
    "render": "Apply the rules and write each scene as code.",
    "quality": "Score the scenes, rule by rule, where the data has true ones.",
    "export": "Write codes, training rows as LLaVA JSON, and Parquet with the published columns.",
    "train": "Train on the rows.",
    "eval": "Ask held-out questions before and after, and of each of --controls, and compare.",
}
"""Steps that are subcommands, in order, with what each does."""


def build_pipeline(settings: W2cSettings, run_dir: Path, *, last: str = "eval") -> list[Step]:
    """All steps of a run in the folder `run_dir`; up to `concepts` they need no detector."""
    steps: list[Step] = [images_source(settings, run_dir), captions_stage(settings, run_dir), concepts_stage(settings)]
    if last in ("captions", "concepts"):
        return steps
    steps += [ground_stage(settings, run_dir), confirm_stage(settings, run_dir), describe_stage(settings, run_dir)]
    steps += [validate_stage(settings, run_dir), quality_task(settings)]
    steps += [render_stage(settings, arm) for arm in dict.fromkeys(Arm(arm.rules) for arm in settings.arms)]
    steps += [rows_stage(settings, run_dir, arm) for arm in settings.arms]
    steps += [export_task(settings), *(train_task(settings, arm) for arm in settings.arms)]
    return [*steps, *evaluation_steps(settings, run_dir)]


def check_needs(settings: W2cSettings, last: str = "train") -> None:
    """Make sure, before any work, that everything up to a step has what it needs.

    Raises:
        SettingsError: a setting without a default is missing, named with what it is for; or a package is.
        InputError: a file that is needed later cannot be read.

    >>> check_needs(W2cSettings(images="photos"), "captions")
    Traceback (most recent call last):
    ...
    world2code.errors.SettingsError: --model is needed: a folder or Hub id of the chat VLM that describes and learns.
    """
    from bench_eval import check_question_file

    check_input(settings)
    settings.needed_model()
    names = list(STEPS)
    if names.index(last) >= names.index("ground"):
        if not settings.reuse:
            needed_detector(settings)
        settings.needed_weights()
        row_wording(settings)
    if last == "eval":
        settings.needed("eval_data", "a JSON list of {id, image, question, answer}")
    check_question_file(settings.eval_data, flag="--eval-data", error=InputError)
    if settings.mix_images is not None and not settings.mix_images.is_dir():
        raise InputError(f"--mix-images must be a folder; {settings.mix_images.name} is none.")
    own_nouns(settings)
    if settings.entities == "spacy" and last != "captions":
        noun_phrases(settings)
