"""One training in several processes: a job in a file that each of them reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from llava_train.accelerating import run_processes
from llava_train.dialogue import Row, read_dialogue
from llava_train.errors import LaunchError, RowError
from llava_train.run_folder import RunFolder
from llava_train.settings import SftSettings
from llava_train.training import TrainResult, read_result
from llava_train.whole_files import write_whole


@dataclass(frozen=True)
class Job:
    """One training as a file, so that each of several processes can read it."""

    settings: SftSettings
    rows: list[Row]
    folder: Path


def launch(
    settings: SftSettings,
    rows: Sequence[Mapping[str, Any]],
    folder: str | os.PathLike[str],
    *,
    config: Literal["ddp", "zero2", "zero3"],
    processes: int,
) -> TrainResult:
    """Run `train` in several processes on this machine; killed, the same call goes on, and finished it is at once done.

    Args:
        settings: of the training; `batch_size` counts for each process.
        rows: as for `train`, with images by path.
        folder: as for `train`; `job.json` stands there too.
        config: `ddp` (a copy of the model for each device), `zero2` (gradients and optimiser state split, needs
            DeepSpeed) or `zero3` (weights split too).
        processes: one for each device.

    Raises:
        LaunchError: a process failed, after its messages went to standard error; rows hold PIL images; no DeepSpeed.
        FolderError: the folder holds a training with other settings, rows or weights.
    """
    run = RunFolder(Path(folder))
    job = write_job(run.folder, settings, rows)
    if run.read("result.json") is None:
        run_processes("llava_train", job, config=config, processes=processes)
    finished = run.read("result.json")
    if finished is None:
        raise LaunchError(f"the processes ended without {run.folder / 'result.json'}; look at their messages above.")
    return read_result(run, finished)


def write_job(folder: Path, settings: SftSettings, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a job beside its run, and return the file that `python -m llava_train train` takes.

    Raises:
        LaunchError: a row's image is no path.
        FolderError: the folder holds another training.
    """
    for row in rows:
        _refuse_open_images(row)
    RunFolder(folder).claim(settings, rows, package="llava-train")
    path = folder / "job.json"
    job = {"settings": settings.as_dict(), "rows": [dict(row) for row in rows]}
    write_whole(path, json.dumps(job, ensure_ascii=True, default=str) + "\n")
    return path


def read_job(path: Path) -> Job:
    """Read what `write_job` wrote.

    Raises:
        LaunchError: the file is no job.
    """
    try:
        job: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Job(SftSettings(**job["settings"]), job["rows"], path.parent)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LaunchError(f"{path} is no job of llava_train: {error}") from error


def _refuse_open_images(row: Mapping[str, Any]) -> None:
    try:
        images = read_dialogue(row).images
    except RowError:
        return  # the training gives its verdict
    if any(isinstance(image, Image.Image) for image in images):
        raise LaunchError(f"row {row.get('id')!r} holds a PIL image; several processes need paths: save it as a file.")
