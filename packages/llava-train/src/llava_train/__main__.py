"""One process of a training that is described by a job: `python -m llava_train train JOB`.

accelerate launch --config_file zero3.yaml -m llava_train train runs/first/job.json
python -m llava_train config zero3        prints the path of that file
"""

from __future__ import annotations

import sys
from pathlib import Path

from llava_train.accelerating import check_processes
from llava_train.job_commands import run_job_command
from llava_train.launching import read_job
from llava_train.training import train


def train_job(path: Path, processes: int | None) -> None:
    """Train, or go on after a stop."""
    job = read_job(path)
    check_processes(processes, is_on_cpu=job.settings.device == "cpu")
    train(job.settings, job.rows, job.folder)


if __name__ == "__main__":
    sys.exit(run_job_command("llava_train", __doc__, {"train": train_job}))
