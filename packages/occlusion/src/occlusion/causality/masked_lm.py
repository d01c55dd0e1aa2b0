"""Causality by a masked language model, as published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from occlusion.causality.guessing import Guess
from occlusion.causality.language_model import LanguageModelScorer
from occlusion.causality.loading import loaded
from occlusion.causality.pairing import scores_of
from occlusion.causality.scores import Causality, Unscored
from occlusion.causality.spans import SpanTokens, head_span, phrase_span
from occlusion.entities.entity import Entity
from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    import torch


class MaskedLmCausality(LanguageModelScorer):
    """Scores entities by a masked language model: all their sub-tokens are masked at once, and each is guessed.

    `ppl = exp(-mean_t log p(token_t | masked caption))`, with the sub-tokens that the entity has in context, its
    leading space included. Each mention is scored at its own place; other mentions stay visible.

    Source: CVC (arXiv 2508.04453), the causality step, there with RoBERTa-large.
    """

    def __init__(
        self,
        model_or_path: Any,
        tokenizer: Any = None,
        *,
        batch_size: int = 32,
        batch_tokens: int = 2048,
        dtype: str | torch.dtype = "float32",
        device: str | torch.device | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of any `AutoModelForMaskedLM` checkpoint with safetensors, or a loaded
                model.
            tokenizer: its fast tokenizer; loaded from the same place when None.
            batch_size: masked captions in one forward pass, at most.
            batch_tokens: tokens in one forward pass, padding included; at most, but for a longer caption alone.
            dtype: of the weights of a model that is loaded here.
            device: where to run; the model's own place when None.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `bad_checkpoint`, `missing_weights`, `no_tokenizer`, `slow_tokenizer`, `no_mask_token`.
        """
        model, tokenizer = loaded("AutoModelForMaskedLM", model_or_path, tokenizer, dtype=dtype, device=device)
        super().__init__(model, tokenizer, batch_size=batch_size, batch_tokens=batch_tokens)
        if tokenizer.mask_token_id is None:
            raise OcclusionError(
                "no_mask_token", "tokenizer must have a mask token; got none. Use a masked language model."
            )
        self._mask_id = tokenizer.mask_token_id

    def __call__(self, items: Sequence[tuple[str, Entity]]) -> list[Causality | Unscored]:
        """Score each (caption, entity), in order; captions are batched by length, equal work is done once."""
        spans = [span for item in items for span in (phrase_span(*item), head_span(*item))]
        guesses = [one if isinstance(one, Unscored) else self._masked(one) for one in self._spans(spans)]
        return scores_of(guesses, self._guesser)

    def _masked(self, text: SpanTokens) -> Guess:
        hidden = set(text.at)
        ids = tuple(self._mask_id if t in hidden else token for t, token in enumerate(text.ids))
        return Guess(ids, text.at, text.targets)
