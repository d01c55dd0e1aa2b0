"""One call to the server: attempts, and waiting between them, until an answer or the deadline."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from trial_sampler.conversations import Refused, one_line
from trial_sampler.server.address import ApiKey
from trial_sampler.server.backoff import backoff_s
from trial_sampler.server.concurrency import AdaptiveConcurrency
from trial_sampler.server.lanes import Lanes
from trial_sampler.server.settings import ServerSettings
from trial_sampler.server.verdicts import Trouble, judge_response


class Exchange:
    """Gets an answer to each call, or says why there is none."""

    def __init__(self, lanes: Lanes, key: ApiKey, concurrency: AdaptiveConcurrency, settings: ServerSettings) -> None:
        self._lanes, self._key, self._concurrency, self._settings = lanes, key, concurrency, settings
        self._last_heard_s = -1.0
        self.gone: str | None = None
        """Set when a call found all doors closed from first to last attempt, and so did every other call meanwhile."""

    async def answer(self, body: bytes, deadline_s: float) -> Any:
        """Return the JSON answer to one call; `deadline_s` is a time of the running loop.

        Raises:
            Refused: `refused`, `unavailable`, `deadline` or `bad_reply`.
            ModelError: the server can serve nothing under this address, key or model name.
        """
        began_s = _now_s()
        troubles: list[Trouble] = []
        try:
            while len(troubles) <= self._settings.most_retries:
                if troubles:
                    await self._wait(len(troubles) - 1, troubles[-1], deadline_s)
                outcome = await self._attempt(body, deadline_s)
                if not isinstance(outcome, Trouble):
                    return outcome
                troubles.append(outcome)
        except TimeoutError:
            raise Refused("deadline", self._too_late(troubles)) from None
        if all(trouble.is_closed_door for trouble in troubles) and self._last_heard_s < began_s:
            self.gone = troubles[-1].detail
        raise Refused("unavailable", f"{troubles[-1].detail} ({len(troubles)} attempts)")

    async def _wait(self, attempt: int, trouble: Trouble, deadline_s: float) -> None:
        wait_s = backoff_s(attempt, self._settings, trouble.retry_after_s)
        if _now_s() + wait_s >= deadline_s:
            raise TimeoutError  # no use in waiting for what cannot be in time
        await asyncio.sleep(wait_s)

    def _too_late(self, troubles: list[Trouble]) -> str:
        last = f" (attempts: {len(troubles)}; the last one: {troubles[-1].detail})" if troubles else ""
        return f"no answer within {self._settings.request_deadline_s:g} s{last}"

    async def _attempt(self, body: bytes, deadline_s: float) -> Any | Trouble:
        async with asyncio.timeout_at(deadline_s):
            flight = await self._concurrency.depart()
        try:
            outcome = await self._post(body, min(deadline_s, _now_s() + self._settings.attempt_deadline_s))
            if not isinstance(outcome, Trouble):
                self._concurrency.answered()
            elif outcome.is_overload:
                self._concurrency.complained(flight)
            return outcome
        finally:
            self._concurrency.land()

    async def _post(self, body: bytes, until_s: float) -> Any | Trouble:
        began_s = _now_s()
        try:
            async with asyncio.timeout_at(until_s), self._lanes.take() as client:
                response = await client.post("chat/completions", content=body)
        except TimeoutError:
            return Trouble(f"no answer to an attempt within {until_s - began_s:.3g} s", is_overload=True)
        except httpx.RequestError as error:
            detail = self._key.redact(f"{type(error).__name__}: {one_line(error)}")
            is_closed_door = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            return Trouble(detail, is_overload=True, is_closed_door=is_closed_door)
        self._last_heard_s = _now_s()
        return judge_response(response, self._key)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
