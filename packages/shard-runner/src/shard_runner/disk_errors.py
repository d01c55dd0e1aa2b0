"""Errors of the disk: which file they are about, and what to do."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from shard_runner.errors import LedgerError

_MAKE_ROOM = "make room and start the same command again: nothing finished is lost"
_ELSEWHERE = "choose another run folder, or mend it and start the same command again: nothing finished is lost"
_FAULTS = {
    errno.ENOSPC: f"the disk is full; {_MAKE_ROOM}",
    errno.EDQUOT: f"the disk quota is used up; {_MAKE_ROOM}",
    errno.EFBIG: f"the file is larger than the system allows here; {_MAKE_ROOM}",
    errno.EROFS: f"the disk can't be written to; {_ELSEWHERE}",
    errno.EACCES: f"permission was denied; {_ELSEWHERE}",
    errno.EIO: "the disk fails to read or write; copy the run folder to a sound one and start the same command on it: "
    "what is whole there is not worked on again",
}


@contextmanager
def naming(path: Path) -> Generator[None]:
    """Let a disk's errors name the file that is being written, since a write that fails names none."""
    try:
        yield
    except OSError as error:
        if error.errno in _FAULTS and error.filename is None:
            error.filename = str(path)
        raise


@contextmanager
def disk_errors_told(run_dir: Path, *, making: bool = False) -> Generator[None]:
    """Say what to do about a disk that fails; an error that names no file of the run folder is somebody else's.

    While the folder is being made, those above it count too.

    Raises:
        LedgerError: the disk is full, can't be written to, or fails.
    """
    try:
        yield
    except OSError as error:
        fault = _FAULTS.get(error.errno or 0)
        named, ours = error.filename, run_dir.absolute()
        where = Path(os.fsdecode(named)).absolute() if isinstance(named, str | bytes | os.PathLike) else None
        is_above = where is not None and making and ours.is_relative_to(where)
        if fault is None or where is None or not (where.is_relative_to(ours) or is_above):
            raise
        raise LedgerError(f"{where}: {fault}") from error
