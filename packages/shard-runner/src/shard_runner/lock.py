"""One process at a time on a run folder."""

import fcntl
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from shard_runner.errors import RunFolderBusy


@contextmanager
def locked(run_dir: Path) -> Generator[None]:
    """Hold the run folder's lock; the system gives it back when the process ends, however it ends.

    Raises:
        RunFolderBusy: when another process holds it.
    """
    handle = os.open(run_dir / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 1000).decode(errors="replace") or "another process"
            raise RunFolderBusy(
                f"{run_dir} is in use by {holder}; wait for it to finish, stop it, or choose another run folder"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(handle)
