"""Prompts that stay in memory from one call of a sampler to the next, where the backend can."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, runtime_checkable

from trial_sampler.request import Request, SampleResult


@runtime_checkable
class KeepsPrompts(Protocol):
    """A sampler that can keep its latest `batch_size` prompts from one call to the next."""

    batch_size: int

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order."""
        ...

    def keeping_prompts(self) -> AbstractContextManager[None]:
        """Keep prompts for as long as the context is open."""
        ...


def keep_prompts(sampler: object) -> AbstractContextManager[None]:
    """Keep a sampler's prompts for as long as the context is open; of one that cannot (`vllm`, `server`) nothing.

    Further draws, further turns and further questions about a picture then encode what is new alone.

    >>> with keep_prompts("a sampler on a server"):
    ...     pass
    """
    return sampler.keeping_prompts() if isinstance(sampler, KeepsPrompts) else nullcontext()
