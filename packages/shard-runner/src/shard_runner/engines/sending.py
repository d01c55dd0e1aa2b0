"""Errors on their way back from a worker."""

import pickle
import traceback
from dataclasses import dataclass

from shard_runner.errors import ShardRunnerError, StageError


@dataclass(frozen=True)
class Raised:
    """A worker raised."""

    error: BaseException


def sendable(error: BaseException) -> BaseException:
    """Return an error that another process can load, with the traceback as a note.

    One of our own keeps its class; any other becomes a `StageError` where it can't be sent as it is.
    """
    note = "in a worker:\n" + "".join(traceback.format_exception(error)).rstrip()
    try:
        copy: BaseException = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = StageError(f"{type(error).__name__}: {error}")
    if isinstance(error, ShardRunnerError | Exception):
        copy.add_note(note)
    return copy
