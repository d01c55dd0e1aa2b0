"""One process at a time on a run folder, with workers of its own."""

import fcntl
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from shard_runner.disk import naming
from shard_runner.errors import RunFolderBusy

_WAIT_S = 30.0
_STEP_S = 0.1


@contextmanager
def locked(run_dir: Path) -> Generator[None]:
    """Hold the run folder's lock; the system gives it back when the process ends, however it ends.

    Workers of a runner that was killed end with it; they are waited for, half a minute at most.

    Raises:
        RunFolderBusy: when another process holds it, or workers of one that was killed do not end.
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
        with naming(run_dir / ".lock"):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        _wait_for_workers(run_dir)
        yield
    finally:
        os.close(handle)


def _wait_for_workers(run_dir: Path) -> None:
    path = run_dir / ".workers"
    if not path.exists():
        return
    handle, until = os.open(path, os.O_RDWR), time.monotonic() + _WAIT_S
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise RunFolderBusy(
                        f"workers of a run that was killed still work in {run_dir}; end them and start again"
                    ) from None
                time.sleep(_STEP_S)
    finally:
        os.close(handle)


@contextmanager
def share_with_workers(run_dir: Path) -> Generator[None]:
    """Let the next runner know that a worker is still there, as long as it is."""
    handle = os.open(run_dir / ".workers", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
