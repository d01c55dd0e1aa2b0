"""The edge to Ray: getting connected, quietly, and saying what a cluster has."""

import contextlib
import importlib
import os
import re
import signal
import sys
import threading
from collections.abc import Generator, Mapping
from typing import Any

from shard_runner.errors import WorkerError

_OBJECT_STORE_BYTES = 200 << 20  # of a Ray of our own: rows travel as files, not as objects


def import_ray() -> Any:
    """Return the module `ray`.

    Raises:
        WorkerError: it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise WorkerError("Ray is missing; install it with: pip install 'shard-runner[ray]'") from error


def connect(address: str | None) -> tuple[Any, bool]:
    """Return the module `ray`, connected, and whether we connected it, so that `close` is to undo it.

    A program that has called `ray.init` stays with its cluster. Else it is the one at `address` or in the environment's
    `RAY_ADDRESS` (which `ray job submit` sets), and without either a Ray of our own on this machine, for this run.

    For one of our own, `RAY_ENABLE_UV_RUN_RUNTIME_ENV` is 0 unless it is set: under `uv run`, Ray would copy the
    working directory, start actors in that copy, where relative paths of a stage lead elsewhere, and run uv for each of
    them, which takes seconds; they are on this machine and can use our environment as it is. A cluster keeps Ray's own
    choice. Ray reads the variable when it is imported; a program that imports it before must set it itself.

    Raises:
        WorkerError: Ray is not installed, can't be started, or no cluster answers.
    """
    address = address or os.environ.get("RAY_ADDRESS")
    if address is None and "ray" not in sys.modules:
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray = import_ray()
    if ray.is_initialized():
        return ray, False
    how: dict[str, Any] = {"address": address or "local", "logging_level": "error"}
    if address is None:
        how |= {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
    try:
        with _handler_of_sigterm_kept():
            ray.init(**how)
    except Exception as error:  # Ray raises bare Exceptions, too
        with contextlib.suppress(Exception):
            ray.shutdown()
        what = f"no Ray cluster answers at {address}" if address else "Ray can't be started on this machine"
        raise WorkerError(f"{what}: {type(error).__name__}: {' '.join(str(error).split())}") from error
    return ray, True


@contextlib.contextmanager
def _handler_of_sigterm_kept() -> Generator[None]:
    """Put the handler of SIGTERM back: Ray's ends the process, where ours stops after the batch under way."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():  # elsewhere Ray sets none
            signal.signal(signal.SIGTERM, before)


def resources_to_text(resources: Mapping[str, float]) -> str:
    """Return cores and GPUs as text.

    >>> resources_to_text({"CPU": 4.0, "GPU": 0.5, "memory": 1e9}), resources_to_text({})
    ('4 CPU and 0.5 GPU', '0 CPU and 0 GPU')
    """
    return " and ".join(f"{resources.get(kind, 0):g} {kind}" for kind in ("CPU", "GPU"))


_DEATH = re.compile(r"exit type: (\w+) Worker exit detail: (.*?)(?: Some common causes|$)")


def death_to_text(error: Exception) -> str:
    """Return in a few words how an actor ended, from what Ray says about it.

    >>> death_to_text(Exception("The actor died. Worker exit type: SYSTEM_ERROR Worker exit detail: End of file."))
    'SYSTEM_ERROR, End of file'
    """
    text = " ".join(str(error).split())
    found = _DEATH.search(text)
    short = ", ".join(found.groups()) if found else f"{type(error).__name__}: {text}"
    return short.rstrip(".")[:300]


def check_amounts(stage: str, num_cpus: float, num_gpus: float) -> None:
    """Check that Ray can give a worker such amounts.

    Raises:
        WorkerError: one is negative, or above 1 and not whole.
    """
    for name, amount in (("num_cpus", num_cpus), ("num_gpus", num_gpus)):
        if amount < 0 or (amount > 1 and amount != int(amount)):
            raise WorkerError(f"{name} of stage {stage!r} must be a fraction of 1 or a whole number; got {amount:g}")
