"""Several processes that train together: `accelerate launch` with configurations that ship with the package."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from llava_train.caller_watch import CALLER
from llava_train.errors import LaunchError
from llava_train.extras import require

ACCELERATE_CONFIGS = ("ddp", "zero2", "zero3")
"""Names of the configurations of accelerate that ship with the package."""


def accelerate_config(name: str) -> Path:
    """The file of a configuration, for `accelerate launch --config_file`.

    Raises:
        LaunchError: there is none of that name.

    >>> accelerate_config("zero3").name
    'zero3.yaml'
    """
    if name not in ACCELERATE_CONFIGS:
        raise LaunchError(f"the configuration must be one of {', '.join(ACCELERATE_CONFIGS)}; got {name!r}.")
    return Path(__file__).parent / "accelerate" / f"{name}.yaml"


def run_processes(module: str, job: Path, *, config: str, processes: int) -> None:
    """Run `python -m module train job` in several processes that train together, and wait for them.

    Args:
        module: to run in each; its command line is `run_job_command`.
        job: file that says what is trained.
        config: `ddp`, `zero2` or `zero3`.
        processes: one for each device.

    Raises:
        LaunchError: there is no such configuration, DeepSpeed is missing, or a process failed; its messages went to
            standard error.
    """
    path = accelerate_config(config)
    if processes < 1:
        raise LaunchError(f"processes must be 1 or more; got {processes}.")
    if config != "ddp":
        _require_deepspeed(config)
    _free_gpu_memory()
    # port 0: any free one, so that jobs run side by side
    command = ["accelerate.commands.launch", "--config_file", str(path), "--num_processes", str(processes)]
    # not --cpu, with which accelerate starts one process alone: the settings keep the processes off a GPU
    command += ["--main_process_port", "0", "-m", module, "train", str(job), "--processes", str(processes)]
    run_module(command)


def run_module(arguments: Sequence[str]) -> None:
    """Run `python -m arguments` and wait for it.

    Raises:
        LaunchError: it failed; its messages went to standard error.
    """
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, check=False, env=os.environ | {CALLER: str(os.getpid())})
    if done.returncode:
        raise LaunchError(f"`{' '.join(command)}` ended with {done.returncode}; its messages are above.")


def check_processes(expected: int | None, *, is_on_cpu: bool) -> None:
    """Make sure that as many processes train together as were asked for: a launcher may start fewer without a word.

    Raises:
        LaunchError: there are not as many; None asks for any number.
    """
    found: int = require("accelerate").PartialState(cpu=is_on_cpu).num_processes
    if expected is not None and found != expected:
        raise LaunchError(f"{expected} processes must train together; got {found}. Look at the launcher's settings.")


def is_first_process() -> bool:
    """Whether this process is the only one, or the one among several that writes files."""
    return int(os.environ.get("RANK", "0")) == 0


def _free_gpu_memory() -> None:
    """Give back what this process holds of a GPU and does not use, as a model before may have left some."""
    import gc

    gc.collect()
    torch = sys.modules.get("torch")  # not imported: nothing is held
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _require_deepspeed(config: str) -> None:
    from importlib.util import find_spec

    if find_spec("deepspeed") is None:
        raise LaunchError(f"the configuration {config!r} needs DeepSpeed; run: pip install deepspeed")
