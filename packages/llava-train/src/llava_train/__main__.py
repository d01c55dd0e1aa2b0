"""One process of a training that is described by a job: `python -m llava_train train JOB`.

accelerate launch --config_file zero3.yaml -m llava_train train runs/first/job.json
python -m llava_train config zero3        prints the path of that file
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from llava_train.accelerating import ACCELERATE_CONFIGS, accelerate_config, check_processes
from llava_train.errors import LlavaTrainError
from llava_train.launching import read_job
from llava_train.orphans import end_with_caller
from llava_train.training import train


def main() -> int:
    """Do what the command line says; 0 done, 1 failed, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="python -m llava_train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("train", help="train, or go on after a stop")
    command.add_argument("job", type=Path, help="written by `launch`")
    command.add_argument("--processes", type=int, help="how many there must be")
    commands.add_parser("config", help="path of a configuration").add_argument("name", choices=ACCELERATE_CONFIGS)
    options = parser.parse_args()
    try:
        if options.command == "config":
            print(accelerate_config(options.name))
        else:
            job = read_job(options.job)
            end_with_caller()
            check_processes(options.processes, is_on_cpu=job.settings.device == "cpu")
            train(job.settings, job.rows, job.folder)
    except LlavaTrainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
