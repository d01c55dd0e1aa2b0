"""Causality by a causal language model, which is asked what fills a blank."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from occlusion.causality.guessing import Guess
from occlusion.causality.language_model import LanguageModelScorer
from occlusion.causality.loading import loaded
from occlusion.causality.pairing import scores_of
from occlusion.causality.scores import Causality, Unscored
from occlusion.causality.spans import Span, SpanTokens
from occlusion.entities.entity import Entity
from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    import torch

INFILL_PROMPT = """Words are missing from descriptions of pictures. Say which ones.

Picture: Two people wait at the stop for the next ____ to arrive.
Missing: bus

Picture: {caption}
Missing:"""
"""What a causal model reads before the entity: `{caption}` is the caption with a blank in the entity's place."""

BLANK = "____"
"""Stands for the entity in the caption."""


class CausalLmCausality(LanguageModelScorer):
    """Scores entities by a causal language model: it reads the caption with a blank, and guesses what fills it.

    `ppl = exp(-mean_t log p(token_t | prompt, tokens before t))` over the entity's sub-tokens, its leading space
    included, so that both sides of the caption count. Phrase and head fill the same blank. Unlike the masked model's,
    a later sub-token is guessed knowing the earlier ones, and how long the entity is is not told: perplexities are on
    another scale, and `HIGH_CAUSALITY_MAX_PPL` does not hold for them. Choose a threshold on captions of your own.
    """

    def __init__(
        self,
        model_or_path: Any,
        tokenizer: Any = None,
        *,
        prompt: str = INFILL_PROMPT,
        batch_size: int = 32,
        batch_tokens: int = 4096,
        dtype: str | torch.dtype = "float32",
        device: str | torch.device | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of any `AutoModelForCausalLM` checkpoint with safetensors, or a loaded
                model.
            tokenizer: its fast tokenizer; loaded from the same place when None.
            prompt: what comes before the entity, with `{caption}` once; ends where a space and the entity follow.
            batch_size: prompts in one forward pass, at most.
            batch_tokens: tokens in one forward pass, padding included; at most, but for a longer prompt alone.
            dtype: of the weights of a model that is loaded here.
            device: where to run; the model's own place when None.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `bad_checkpoint`, `missing_weights`, `no_tokenizer`, `slow_tokenizer`, `bad_prompt`.
        """
        if prompt.count("{caption}") != 1 or prompt != prompt.rstrip():
            raise OcclusionError("bad_prompt", "prompt must hold {caption} once and end without a space.")
        model, tokenizer = loaded("AutoModelForCausalLM", model_or_path, tokenizer, dtype=dtype, device=device)
        super().__init__(model, tokenizer, batch_size=batch_size, batch_tokens=batch_tokens, **_without_cache(model))
        self._prompt = prompt

    def __call__(self, items: Sequence[tuple[str, Entity]]) -> list[Causality | Unscored]:
        """Score each (caption, entity), in order; prompts are batched by length, equal work is done once."""
        spans = [
            self._filled(caption, entity, filling)
            for caption, entity in items
            for filling in (entity.phrase, entity.head)
        ]
        guesses = [one if isinstance(one, Unscored) else _next_tokens(one) for one in self._spans(spans)]
        return scores_of(guesses, self._guesser)

    def _filled(self, caption: str, entity: Entity, filling: str) -> Span:
        blanked = caption[: entity.start] + BLANK + caption[entity.end :]
        before = self._prompt.replace("{caption}", blanked) + " "
        return Span(before + filling, len(before), len(before) + len(filling))


def _without_cache(model: Any) -> dict[str, bool]:
    """Nothing is generated; keys and values of whole batches would be held for nothing."""
    return {"use_cache": False} if "use_cache" in inspect.signature(model.forward).parameters else {}


def _next_tokens(text: SpanTokens) -> Guess | Unscored:
    """Each token is guessed one position before it; what follows the entity (an end token) is not shown."""
    if text.at[0] == 0:
        return Unscored("no_token", "nothing comes before the entity")
    return Guess(text.ids[: text.at[-1]], tuple(t - 1 for t in text.at), text.targets)
