"""One process of a training that is described by a job: `python -m svco_loss.training train JOB`.

python -m svco_loss.training references runs/first/job.json
accelerate launch --config_file zero3.yaml -m svco_loss.training train runs/first/job.json
python -m svco_loss.training config zero3        prints the path of that file
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from llava_train import LlavaTrainError, check_processes, end_with_caller

from svco_loss.errors import SvcoLossError
from svco_loss.training.launching import ACCELERATE_CONFIGS, accelerate_config, read_job
from svco_loss.training.training import store_references, train


def main() -> int:
    """Do what the command line says; 0 done, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="python -m svco_loss.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("train", "train, or go on after a stop"), ("references", "compute missing references")):
        command = commands.add_parser(name, help=text)
        command.add_argument("job", type=Path, help="written by `launch_training`")
        command.add_argument("--processes", type=int, help="how many there must be")
    commands.add_parser("config", help="path of a configuration").add_argument("name", choices=ACCELERATE_CONFIGS)
    options = parser.parse_args()
    try:
        if options.command == "config":
            print(accelerate_config(options.name))
        else:
            _run(options.command, options.job, options.processes)
    except (SvcoLossError, LlavaTrainError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(command: str, path: Path, processes: int | None) -> None:
    end_with_caller()
    job = read_job(path)
    if command == "references":
        store_references(job.settings, [*job.pairs, *job.validation], job.references)
        return
    check_processes(processes, is_on_cpu=job.settings.device == "cpu")
    train(job.settings, job.pairs, job.folder, validation=job.validation, references=job.references)


if __name__ == "__main__":
    sys.exit(main())
