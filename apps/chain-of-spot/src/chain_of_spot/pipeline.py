"""The method as one list of steps."""

from pathlib import Path

from shard_runner import Step

from chain_of_spot.annotating import annotate_stage
from chain_of_spot.dialogues import dialogue_stage
from chain_of_spot.errors import InputError
from chain_of_spot.evaluation import evaluation_steps
from chain_of_spot.exporting import export_task
from chain_of_spot.maps import map_stage
from chain_of_spot.questions import questions_source, texts_source
from chain_of_spot.settings import CosSettings
from chain_of_spot.training import train_task

STEPS = {
    "questions": "Read every question of every image of --data.",
    "maps": "Explain each answer: a relevance map over the image's patches.",
    "annotate": "Find the region that holds enough of each map.",
    "dialogues": "Make two-turn dialogues, and write their crops.",
    "export": "Write annotations (ours and the published form) and dialogues as LLaVA JSON.",
    "train": "Train on the dialogues.",
    "eval": "Ask before and after, in one turn and in two, by each of --controls, and compare.",
}
"""Steps that are subcommands, in order, with what each does."""

_NEEDS = {
    "questions": ("data", "a LLaVA mix, JSON or JSONL of {id, image, conversations}"),
    "maps": ("model", "a folder or Hub id of the chat VLM that explains and learns"),
    "eval": ("eval_data", "a JSON list of {id, image, question, answer}"),
}


def build_pipeline(settings: CosSettings, run_dir: Path, *, last: str = "eval") -> list[Step]:
    """All steps of a run in the folder `run_dir`, up to one of `STEPS`; those from `maps` on need a model."""
    steps: list[Step] = [questions_source(settings), texts_source(settings)]
    if last == "questions":
        return steps
    steps += [_maps(settings)] if settings.boxes is None else []
    steps += [annotate_stage(settings), dialogue_stage(settings, run_dir), export_task(settings)]
    steps += [dialogue_stage(settings, run_dir, control) for control in settings.controls]
    steps += [train_task(settings), *(train_task(settings, control) for control in settings.controls)]
    return [*steps, *evaluation_steps(settings, run_dir)]


def _maps(settings: CosSettings) -> Step:
    from dataclasses import replace

    return replace(map_stage(settings), inputs=("questions",))


def check_needs(settings: CosSettings, last: str = "train") -> None:
    """Make sure, before any work, that everything up to a step has what it needs.

    Raises:
        SettingsError: a setting without a default is missing, named with what it is for.
        InputError: the evaluation questions, which are needed after training, cannot be read.
        llava_train.SettingsError: the model is written as a path, and there is no such folder.

    >>> check_needs(CosSettings(data="mix.json"), "annotate")
    Traceback (most recent call last):
    ...
    chain_of_spot.errors.SettingsError: --model is needed: a folder or Hub id of the chat VLM that explains and learns.
    """
    from bench_eval import check_question_file
    from llava_train import model_digest

    names = list(STEPS)
    for step, (name, why) in _NEEDS.items():
        if names.index(step) <= names.index(last):
            settings.needed(name, why)
    if names.index(last) >= names.index("maps"):
        model_digest(settings.needed("model", "the model that learns"))  # refuses a path without a folder
    check_question_file(settings.eval_data, flag="--eval-data", error=InputError)
