"""How much of the prompts was encoded, and how much was there already."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Reuse:
    """Counts of prompts, of their tokens and of their images.

    >>> Reuse(prompts=1, tokens_encoded=9) + Reuse(prompts=1, prompts_reused=1, tokens_encoded=2, tokens_reused=7)
    Reuse(prompts=2, prompts_reused=1, tokens_encoded=11, tokens_reused=7, images_encoded=0, images_reused=0)
    """

    prompts: int = 0
    """Prompts that trials were drawn for, or that were scored."""
    prompts_reused: int = 0
    """Those of them that were kept already, whole or from their first token on."""
    tokens_encoded: int = 0
    """Prompt tokens that went through the model, an image's tokens included."""
    tokens_reused: int = 0
    """Prompt tokens whose keys and values were kept."""
    images_encoded: int = 0
    """Images that went through the vision tower."""
    images_reused: int = 0
    """Images whose tokens' keys and values were kept."""

    def __add__(self, other: Reuse) -> Reuse:
        """Return the sums."""
        return Reuse(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))
