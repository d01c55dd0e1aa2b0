"""Ctrl-C and SIGTERM: the first one stops after the batch under way, the second at once."""

import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether the run was asked to stop."""

    def __init__(self) -> None:
        self.made = False

    def __call__(self) -> bool:
        """Tell whether it was."""
        return self.made


@contextmanager
def graceful_interrupts(request: StopRequest) -> Generator[None]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the second ends the process as ever.

    Where the caller has a handler of its own, or is not in the main thread, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _USUAL}
    ours = [number for number, usual in _USUAL.items() if before[number] is usual]

    def handle(number: int, frame: FrameType | None) -> None:
        request.made = True
        for other in ours:
            signal.signal(other, before[other])
        os.write(2, b"\nstopping after the batch under way; Ctrl-C again stops at once\n")  # print may be under way

    for number in ours:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
