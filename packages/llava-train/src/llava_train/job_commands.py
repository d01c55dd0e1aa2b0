"""The command line of one process of a training that is described by a job in a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from llava_train.accelerating import ACCELERATE_CONFIGS, accelerate_config
from llava_train.caller_watch import end_with_caller
from llava_train.errors import LlavaTrainError

JobCommand = Callable[[Path, int | None], None]
"""Does what a job's file says, in one of so many processes together (None: any number; see `check_processes`)."""


def run_job_command(
    module: str, text: str | None, commands: Mapping[str, JobCommand], *, errors: tuple[type[Exception], ...] = ()
) -> int:
    """Do what the command line of `python -m module` says: 0 done, 1 failed, 2 usage.

    A command that works on a job ends with the process that started it; `config NAME` prints the path of a
    configuration for `accelerate launch`.

    Args:
        module: that is run.
        text: its docstring, shown by `--help`.
        commands: by name; the first line of a command's docstring says what it does.
        errors: that are told in one line, beside those of this package.
    """
    options = _parser(module, text, commands).parse_args()
    try:
        if options.command == "config":
            print(accelerate_config(options.name))
        else:
            end_with_caller()
            commands[options.command](options.job, options.processes)
    except (LlavaTrainError, *errors) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(module: str, text: str | None, commands: Mapping[str, JobCommand]) -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=text, formatter_class=form)
    parsers = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        one = parsers.add_parser(name, help=(command.__doc__ or "").partition("\n")[0])
        one.add_argument("job", type=Path, help="file that the launching call has written")
        one.add_argument("--processes", type=int, help="how many there must be")
    parsers.add_parser("config", help="Path of a configuration.").add_argument("name", choices=ACCELERATE_CONFIGS)
    return parser
