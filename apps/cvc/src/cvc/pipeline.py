"""The whole method as one pipeline, and the check that the settings suffice for a part of it."""

from pathlib import Path

from shard_runner import Source, Stage, Task

from cvc.construction import ANNOTATIONS
from cvc.engines import model_identity, sampled_identity
from cvc.errors import SettingsError
from cvc.evaluation import evaluation_steps, read_eval_data
from cvc.instances import instance_steps
from cvc.settings import CvcSettings
from cvc.training import export_task, train_task
from cvc.trials import judge_stage, mix_stage, trials_stage

STEPS = {
    "captions": "Read the captions, one row for each image.",
    "images": "Open every image; bad ones go to the quarantine.",
    "entities": "Find what the captions name.",
    "causality": "Measure how well the rest of a caption predicts it; drop what it does not.",
    "select": "Keep one instance of each image and thing, and so many of each.",
    "boxes": "Find its boxes, in annotations or by a detector.",
    "masks": "Give every box a mask.",
    "occlude": "Hide it, behind gray blocks.",
    "question": "Ask what is hidden.",
    "trials": "Guess n times, with a reason.",
    "judge": "Extract and check every guess.",
    "mix": "Make training rows by the 1-to-4 rule.",
    "export": "Write the training set as LLaVA JSON, and preference pairs.",
    "train": "Fine-tune the model on it and on base rows.",
    "eval-rows": "Collect the held-out questions.",
    "answers-before": "Ask them of the model.",
    "answers-after": "Ask them of the trained model.",
    "grades-before": "Judge its answers.",
    "grades-after": "Judge the trained model's answers.",
    "eval": "Compare the two, row by row.",
}
"""Steps in order, with what each does; each is a subcommand."""

_NEEDS = {
    "captions": ("captions", "a JSON file of captions"),
    "images": ("images", "the folder of images"),
    "boxes": ("annotations", ANNOTATIONS),
    "trials": ("model", "a folder or Hub id of a chat VLM, or its name on a server"),
}


def build_pipeline(settings: CvcSettings, run_dir: Path) -> list[Source | Stage | Task]:
    """All steps of a run in the folder `run_dir`, in the order of `STEPS`."""
    return [
        *instance_steps(settings, run_dir),
        trials_stage(settings, run_dir),
        judge_stage(settings, run_dir),
        mix_stage(settings),
        export_task(),
        train_task(settings, run_dir),
        *evaluation_steps(settings, run_dir),
    ]


def check_needs(settings: CvcSettings, last: str = "eval") -> None:
    """Make sure, before any work, that everything up to a step has what it needs.

    Raises:
        SettingsError: a setting without a default is missing, named with what it is for.
        InputError: the evaluation questions, which are needed after training, cannot be read.
        llava_train.SettingsError: a model is written as a path, and there is no such folder.

    >>> check_needs(CvcSettings(captions="c.json", images="photos"), "boxes")
    Traceback (most recent call last):
    ...
    cvc.errors.SettingsError: --annotations is needed: boxes come from COCO instances JSON, Parquet or a --detector.
    """
    names = list(STEPS)
    furthest = names.index(last)
    for step, (name, why) in _NEEDS.items():
        if names.index(step) <= furthest and (step != "boxes" or settings.detector == "annotations"):
            settings.needed(name, why)
    if furthest >= names.index("trials"):
        sampled_identity(settings.model, settings)  # refuses a path without a folder
    if furthest >= names.index("train"):
        model_identity(settings.needed_checkpoint())
    if furthest >= names.index("eval-rows") and settings.eval_data is None and settings.held_out_share == 0:
        raise SettingsError("held_out_share 0 leaves nothing to evaluate on; raise it or give --eval-data.")
    for _ in () if settings.eval_data is None else read_eval_data(settings.eval_data):
        pass
