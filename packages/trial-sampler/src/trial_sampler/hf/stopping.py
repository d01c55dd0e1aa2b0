"""End sequences at stop strings, which may span tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def cut_at_stop(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first stop string in it.

    >>> cut_at_stop("a cat. Or a dog", ["Or", "."])
    'a cat'
    """
    return text[: min([len(text), *(text.find(stop) for stop in stops if stop in text)])]


def stop_checker(stops: Sequence[str], tokenizer: Any) -> Callable[[Tensor], Tensor] | None:
    """Return a check of tokens `(R, steps)` against stop strings, or None if there are none."""
    if not stops:
        return None

    def stopped(tokens_R_T: Tensor) -> Tensor:
        texts = tokenizer.batch_decode(tokens_R_T, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        found = [any(stop in text for stop in stops) for text in texts]
        return torch.tensor(found, dtype=torch.bool, device=tokens_R_T.device)

    return stopped
