"""Processes that end with the one that started them, also when that one is killed and can tell them nothing."""

from __future__ import annotations

import os
import signal
import threading
import time

CALLER = "LLAVA_TRAIN_CALLER"
"""Environment variable with the number of the process that all others end with."""


def end_with_caller(*, every_s: float = 1.0) -> None:
    """From now on, end this process without a word when the one named by `CALLER` is gone; without it, do nothing.

    Otherwise a killed training would go on in its other processes, and write where the next start writes.
    """
    caller = os.environ.get(CALLER)
    if caller is not None:
        threading.Thread(target=_watch, args=(int(caller), every_s), daemon=True).start()


def _watch(caller: int, every_s: float) -> None:
    while _is_there(caller):
        time.sleep(every_s)
    os.kill(os.getpid(), signal.SIGKILL)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
