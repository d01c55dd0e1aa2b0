"""One process at a time on a run folder, with workers of its own."""

import fcntl
import os
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from shard_runner.disk_errors import naming
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
            holder = os.read(handle, 1000).decode(errors="replace").partition("\n")[0] or "another process"
            raise RunFolderBusy(
                f"{run_dir} is in use by {holder}; wait for it to finish, stop it, or choose another run folder"
            ) from None
        with naming(run_dir / ".lock"):
            name = f"process {os.getpid()} on {socket.gethostname()}\n".encode()
            os.pwrite(handle, name, 0)  # before it is cut, so that nobody reads an empty file
            os.ftruncate(handle, len(name))
        _wait_for_workers(run_dir)
        try:
            yield
        finally:
            with suppress(OSError):  # the next run removes what stays
                _workers_are_gone(run_dir)
    finally:
        os.close(handle)


def _wait_for_workers(run_dir: Path) -> None:
    until = time.monotonic() + _WAIT_S
    while not _workers_are_gone(run_dir):
        if time.monotonic() > until:
            raise RunFolderBusy(f"workers of a run that was killed still work in {run_dir}; end them and start again")
        time.sleep(_STEP_S)


def _workers_are_gone(run_dir: Path) -> bool:
    """Tell whether no worker is left, and remove their lock then."""
    path = run_dir / ".workers"
    if not path.exists():
        return True
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    except BlockingIOError:
        return False
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
