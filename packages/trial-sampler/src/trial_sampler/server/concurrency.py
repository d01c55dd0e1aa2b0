"""How many calls may be under way: more while the server answers, half as many when it complains."""

from __future__ import annotations

import asyncio


class AdaptiveConcurrency:
    """A limit on calls that grows additively and shrinks multiplicatively, for one event loop.

    A call is *open* from its first attempt to its end, and *in flight* while an attempt runs. New calls are admitted
    while fewer than `limit` are open, so that calls which wait for a retry hold back new ones; retries fly while fewer
    than `limit` are in flight.

    Source: Chiu and Jain 1989 (additive increase, multiplicative decrease); Jacobson 1988 (fast start until the first
    loss, at most one decrease for each round of losses); RFC 2861 (no increase of a limit that nothing presses on).
    """

    def __init__(self, start: float, most: int, *, is_eager: bool = True) -> None:
        self.limit = min(float(start), float(most))
        self.is_eager = is_eager
        """Whether no call was ever answered with a complaint."""
        self._most = most
        self._open = self._in_flight = self._departed = 0
        self._last_cut = 0
        self._changed = asyncio.Event()

    async def admit(self) -> None:
        """Wait until one more call may be open, and open it."""
        while self._open >= int(self.limit):
            await self._change()
        self._open += 1

    def close(self) -> None:
        """End an open call."""
        self._open -= 1
        self._changed.set()

    async def depart(self) -> int:
        """Wait until one more attempt may run, and return its number, which `complained` wants."""
        while self._in_flight >= int(self.limit):
            await self._change()
        self._in_flight += 1
        self._departed += 1
        return self._departed

    def land(self) -> None:
        """End an attempt."""
        self._in_flight -= 1
        self._changed.set()

    def answered(self) -> None:
        """Grow: by one for each answer at first, after the first complaint by one for each round of answers.

        To be called before the attempt lands, as `complained` is: a limit grows only while as many are in flight.
        """
        if self._in_flight >= int(self.limit):
            step = 1.0 if self.is_eager else 1 / self.limit
            self.limit = min(float(self._most), self.limit + step)
            self._changed.set()

    def complained(self, flight: int) -> None:
        """Halve, unless the flight began before the last halving: it says nothing about the new limit."""
        if flight > self._last_cut:
            self.limit = max(1.0, self.limit / 2)
            self._last_cut, self.is_eager = self._departed, False

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
