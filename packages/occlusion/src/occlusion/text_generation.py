"""Ask a language model, and check that what comes back are replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from occlusion.errors import OcclusionError


class TextGenerator(Protocol):
    """Continues prompts: a language model with settings of its own (greedy, about 100 new tokens)."""

    def __call__(self, prompts: Sequence[str], /) -> Sequence[str]:
        """Return one reply for each prompt, in order, without the prompt; empty for a request that failed."""
        ...


def generate_replies(generate: TextGenerator, prompts: Sequence[str]) -> list[str]:
    """Return one reply for each prompt, in order.

    >>> generate_replies(lambda prompts: [prompt.upper() for prompt in prompts], ["a duck"])
    ['A DUCK']

    Raises:
        OcclusionError: `bad_generation`: not one string for each prompt.
    """
    replies: list[Any] = list(generate(prompts))
    if len(replies) != len(prompts) or not all(isinstance(reply, str) for reply in replies):
        kinds = sorted({type(reply).__name__ for reply in replies})
        raise OcclusionError(
            "bad_generation",
            f"generate must return {len(prompts)} strings, one for each prompt; got {len(replies)} of type "
            f"{', '.join(kinds) or 'none'}. Return '' for a prompt that failed.",
        )
    return replies
