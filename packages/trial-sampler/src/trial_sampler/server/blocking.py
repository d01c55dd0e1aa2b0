"""Run a coroutine to its end from plain code, also where an event loop runs already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_blocking(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Return what the coroutine returns; an interrupt (Ctrl-C) cancels it, waits for its clean-up and goes on.

    A running loop, as in a notebook, stands still meanwhile: the coroutine gets a loop and a thread of its own.

    >>> async def main() -> int:
    ...     return 3
    >>> run_blocking(main)
    3
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    return _run_in_thread(main)


def _run_in_thread(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()
    done: Future[Result] = Future()

    async def tracked() -> Result:
        task = asyncio.current_task()
        assert task is not None
        started.set_result((asyncio.get_running_loop(), task))
        return await main()

    def run() -> None:
        try:
            done.set_result(asyncio.run(tracked()))
        except BaseException as error:
            done.set_exception(error)

    thread = threading.Thread(target=run, name="trial-sampler-server", daemon=True)
    thread.start()
    try:
        return done.result()
    except KeyboardInterrupt:
        loop, task = started.result()
        loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        thread.join()
