"""Ctrl-C: the first one stops after the batch under way, the second at once."""

import signal
import sys
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
    """Turn the first Ctrl-C into a request to stop; the second interrupts as ever.

    Where the caller has a handler of its own, or is not in the main thread, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        request.made = True
        signal.signal(signal.SIGINT, before)
        print("\nstopping after the batch under way; Ctrl-C again stops at once", file=sys.stderr)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
