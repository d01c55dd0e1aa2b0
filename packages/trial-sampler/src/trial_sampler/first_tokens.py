"""Which tokens of a vocabulary begin a choice."""

from __future__ import annotations

from typing import Any

from trial_sampler.choices import choice_of_token
from trial_sampler.conversations import Refused


class FirstTokens:
    """The tokens that begin choices, found by reading the whole vocabulary once."""

    def __init__(self, tokenizer: Any) -> None:
        """Take a tokenizer of transformers."""
        self._tokenizer = tokenizer
        self._pieces: list[str] | None = None
        self._of: dict[tuple[str, ...], list[list[int]]] = {}

    def of(self, choices: tuple[str, ...]) -> list[list[int]]:
        """Return for each choice the ids of all tokens that begin it and no other.

        Raises:
            Refused: no token begins one of the choices alone.
        """
        if choices not in self._of:
            begun: list[list[int]] = [[] for _ in choices]
            for token, piece in enumerate(self._vocabulary()):
                choice = choice_of_token(piece, choices)
                if choice is not None:
                    begun[choice].append(token)
            missing = [choice for choice, ids in zip(choices, begun, strict=True) if not ids]
            if missing:
                raise Refused("choices", f"no token of the vocabulary begins {missing[0]!r} alone")
            self._of[choices] = begun
        return self._of[choices]

    def _vocabulary(self) -> list[str]:
        """Return each token as text; special tokens as the empty text."""
        if self._pieces is None:
            ids = [[token] for token in range(len(self._tokenizer))]
            decode = self._tokenizer.batch_decode
            self._pieces = decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert self._pieces is not None
        return self._pieces
