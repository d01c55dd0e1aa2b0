"""Training on several devices: a job in a file that each process reads, started as llava-train starts them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import llava_train

from svco_loss.errors import TrainingError
from svco_loss.pairs.mvc import ImagePair
from svco_loss.training.settings import SvcoSettings


@dataclass(frozen=True)
class Job:
    """One training as a file, so that each of several processes can read it."""

    settings: SvcoSettings
    pairs: list[ImagePair]
    validation: list[ImagePair]
    folder: Path
    references: Path


def write_job(
    folder: Path,
    settings: SvcoSettings,
    pairs: Sequence[ImagePair],
    validation: Sequence[ImagePair],
    references: Path,
) -> Path:
    """Write a job beside its run, and return the file that `python -m svco_loss.training` takes."""
    sides = {"pairs": pairs, "validation": validation}
    job: dict[str, Any] = {name: [asdict(pair) for pair in side] for name, side in sides.items()}
    job |= {"settings": settings.as_dict(), "references": str(references.absolute())}
    llava_train.RunFolder(folder).write("job.json", job)
    return folder / "job.json"


def read_job(path: Path) -> Job:
    """Read what `write_job` wrote.

    Raises:
        TrainingError: the file is no job.
    """
    try:
        job: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        settings = SvcoSettings.from_dict(job["settings"])
        pairs, validation = ([ImagePair(**pair) for pair in job[side]] for side in ("pairs", "validation"))
        return Job(settings, pairs, validation, path.parent, Path(job["references"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path} is no job of svco_loss.training: {error}") from error


def launch_training(
    settings: SvcoSettings,
    pairs: Sequence[ImagePair],
    folder: str | os.PathLike[str],
    *,
    config: str,
    processes: int,
    validation: Sequence[ImagePair] = (),
    references: str | os.PathLike[str] | None = None,
) -> None:
    """Run `train` in several processes; killed, the same call goes on. References are computed before, in one process.

    Args:
        settings: of the training; `batch_size` counts for each process.
        pairs: to learn from.
        folder: as for `train`, whose call then returns the result.
        config: `ddp`, `zero2` or `zero3`.
        processes: one for each device.
        validation: pairs to evaluate on.
        references: as for `train`.

    Raises:
        TrainingError: there is no such configuration, or a process failed; its messages went to standard error.
    """
    home = Path(folder)
    try:
        llava_train.accelerate_config(config)  # a name that is not there shows before references are computed
        job = write_job(home, settings, pairs, validation, Path(references or home / "reference.parquet"))
        if settings.reference == "stored":
            llava_train.run_module(["svco_loss.training", "references", str(job)])
        llava_train.run_processes("svco_loss.training", job, config=config, processes=processes)
    except llava_train.LaunchError as error:
        raise TrainingError(str(error)) from error
