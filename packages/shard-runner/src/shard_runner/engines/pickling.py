"""Stages on their way to worker processes and actors of our own."""

from types import ModuleType

from shard_runner.errors import WorkerError
from shard_runner.stages import Stage


def pickler(extra: str) -> ModuleType:
    """Return `cloudpickle`.

    Raises:
        WorkerError: it is not installed; the message names the extra that brings it.
    """
    try:
        import cloudpickle
    except ImportError as error:
        raise WorkerError(f"cloudpickle is missing; install it with: pip install 'shard-runner[{extra}]'") from error
    return cloudpickle


def pack_stage(stage: Stage, *, extra: str) -> bytes:
    """Return a stage as bytes that another process of ours can load; functions of a script are sent whole.

    Raises:
        WorkerError: its `make` holds on to something that can't be sent, such as a lock or an open file.
    """
    try:
        return pickler(extra).dumps(stage)
    except Exception as error:
        raise WorkerError(
            f"stage {stage.name!r} can't be sent to a worker: {type(error).__name__}: {error}. Its `make` must hold "
            "plain settings only; open files and load models inside it"
        ) from error
