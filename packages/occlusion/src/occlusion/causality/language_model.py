"""What the scorers by masked and by causal language models have in common."""

from __future__ import annotations

from typing import Any

from occlusion.causality.guessing import Guesser
from occlusion.causality.loading import max_tokens
from occlusion.causality.logits import LogitsAt
from occlusion.causality.spans import SpanTokenizer


class LanguageModelScorer:
    """A model with its tokenizer, asked for the tokens of entities in batches that adapt to the memory."""

    def __init__(self, model: Any, tokenizer: Any, *, batch_size: int, batch_tokens: int, **always: Any) -> None:
        """Take a model that is loaded, the bounds of a forward pass, and arguments for each of the model's calls."""
        self._spans = SpanTokenizer(tokenizer, max_tokens(model, tokenizer))
        self._logits_at = LogitsAt(model, **always)
        self._guesser = Guesser(
            self._logits_at, pad_id=tokenizer.pad_token_id or 0, batch_size=batch_size, batch_tokens=batch_tokens
        )

    @property
    def guessed_places_only(self) -> bool:
        """The last layer runs at the guessed positions only, which saves half of a small model's time.

        Whether that is exact is tried out on the model itself; where it is not, it runs everywhere."""
        return self._logits_at.chosen_places_only

    @property
    def batch_tokens(self) -> int:
        """Tokens in one forward pass; halved whenever the memory did not suffice."""
        return self._guesser.batch_tokens
