"""One process of a training that is described by a job: `python -m svco_loss.training train JOB`.

python -m svco_loss.training references runs/first/job.json
accelerate launch --config_file zero3.yaml -m svco_loss.training train runs/first/job.json
python -m svco_loss.training config zero3        prints the path of that file
"""

from __future__ import annotations

import sys
from pathlib import Path

from llava_train import check_processes, run_job_command

from svco_loss.errors import SvcoLossError
from svco_loss.training.launching import read_job
from svco_loss.training.training import store_references, train


def train_job(path: Path, processes: int | None) -> None:
    """Train, or go on after a stop."""
    job = read_job(path)
    check_processes(processes, is_on_cpu=job.settings.device == "cpu")
    train(job.settings, job.pairs, job.folder, validation=job.validation, references=job.references)


def store_missing_references(path: Path, _: int | None) -> None:
    """Compute missing references, in one process."""
    job = read_job(path)
    store_references(job.settings, [*job.pairs, *job.validation], job.references)


if __name__ == "__main__":
    commands = {"train": train_job, "references": store_missing_references}
    sys.exit(run_job_command("svco_loss.training", __doc__, commands, errors=(SvcoLossError,)))
