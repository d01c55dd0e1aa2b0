"""What a scorer says of an entity, and the call that says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from occlusion.entities.entity import Entity

HIGH_CAUSALITY_MAX_PPL = 3.33
"""Entities below this perplexity, a mean probability above 0.3, are highly causal. Source: CVC (arXiv 2508.04453).

It belongs to masked language models; a causal one has another scale."""


@dataclass(frozen=True)
class Causality:
    """Perplexity of an entity given the rest of its caption: 1 is certain, the vocabulary's size is a blind guess."""

    ppl_phrase: float
    """Of the phrase with its modifiers, in the caption as it is."""

    ppl_head: float
    """Of the head, in the caption with the phrase replaced by the head."""

    tokens_phrase: int
    """How many tokens of the phrase were guessed: its sub-tokens in context."""

    tokens_head: int
    """How many of the head."""


@dataclass(frozen=True)
class Unscored:
    """Why an entity has no causality."""

    reason: str
    """`caption_too_long`, `unknown_token` (the model has no word for it), `no_token` (an empty span), `broken_text` (no
    valid Unicode) or `out_of_memory` (alone in its batch)."""

    detail: str = ""


class CausalityScorer(Protocol):
    """Anything that scores entities of captions."""

    def __call__(self, items: Sequence[tuple[str, Entity]]) -> list[Causality | Unscored]:
        """Return one result for each (caption, entity), in order.

        Each mention is an item of its own, scored at its own place. To have the lowest over the mentions of a thing,
        hand the rows to `deduplicate`, which keeps it.
        """
        ...


def is_causal(causality: Causality, max_ppl: float = HIGH_CAUSALITY_MAX_PPL) -> bool:
    """Say whether the rest of the caption calls for the entity: `1 <= ppl_head < max_ppl`.

    The published rule has `1 <`; certainty may round to 1, and is the strongest call of all.

    >>> is_causal(Causality(9.0, 2.5, 2, 1)), is_causal(Causality(2.0, 7.0, 1, 1))
    (True, False)
    """
    return 1 <= causality.ppl_head < max_ppl
