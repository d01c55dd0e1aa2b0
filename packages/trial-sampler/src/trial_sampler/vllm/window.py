"""Bounds on work under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Window:
    """At most so many trials under way; for one task that lets requests in."""

    def __init__(self, most: int) -> None:
        """Start empty."""
        self._most, self._under_way = most, 0
        self._left = asyncio.Event()

    async def enter(self, trials: int) -> None:
        """Wait until a request's trials fit; one that is larger than the window waits until it is empty."""
        while self._under_way and self._under_way + trials > self._most:
            self._left.clear()
            await self._left.wait()
        self._under_way += trials

    def leave(self, trials: int) -> None:
        """Make room again."""
        self._under_way -= trials
        self._left.set()


@asynccontextmanager
async def first_error_alone() -> AsyncGenerator[asyncio.TaskGroup, None]:
    """A task group whose first error comes out as itself, once all other tasks are cancelled and have ended."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors.exceptions[0].__cause__
