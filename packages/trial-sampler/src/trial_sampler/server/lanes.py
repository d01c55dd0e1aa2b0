"""Connections to one server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from trial_sampler.server.address import tls


class Lanes:
    """Connections to one server, each with a client of its own; to be entered with `async with`.

    One client for all would do the same, but the pool of httpx takes time quadratic in its idle connections: with 64 of
    them most of the time of a call.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base_url, self._headers = base_url, dict(headers)
        self._free: list[httpx.AsyncClient] = []
        self._all = AsyncExitStack()

    async def __aenter__(self) -> Lanes:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._all.aclose()

    @asynccontextmanager
    async def take(self) -> AsyncGenerator[httpx.AsyncClient]:
        """Lend a client to one call: the one used last, whose connection is warm, or a new one."""
        client = self._free.pop() if self._free else await self._all.enter_async_context(self._open())
        try:
            yield client
        finally:
            self._free.append(client)

    def _open(self) -> httpx.AsyncClient:
        # Servers drop idle connections after about 5 s; one dropped under a call would look like a complaint.
        limits = httpx.Limits(max_keepalive_connections=1, keepalive_expiry=2.0)
        return httpx.AsyncClient(
            base_url=self._base_url, headers=self._headers, limits=limits, timeout=None, verify=tls()
        )
