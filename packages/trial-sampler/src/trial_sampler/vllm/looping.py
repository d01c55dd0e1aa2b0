"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_CLEAN_UP_S = 30.0


class LoopThread:
    """Runs coroutines for plain code, also where that code has an event loop of its own, as in a notebook."""

    def __init__(self, name: str) -> None:
        """Start the thread; it does not keep the interpreter from ending."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, main: Coroutine[Any, Any, Result]) -> Result:
        """Return what the coroutine returns; an interrupt (Ctrl-C) cancels it and waits for its clean-up."""
        ended = threading.Event()

        async def tracked() -> Result:
            try:
                return await main
            finally:
                ended.set()

        future = asyncio.run_coroutine_threadsafe(tracked(), self._loop)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                ended.wait(_CLEAN_UP_S)
            raise

    def close(self) -> None:
        """Stop the loop and end the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLEAN_UP_S)
        if not self._thread.is_alive():
            self._loop.close()
