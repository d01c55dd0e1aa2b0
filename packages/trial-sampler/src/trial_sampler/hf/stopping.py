"""End sequences at stop strings, which may span tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from trial_sampler.request import Request


def cut_at_stop(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first stop string in it.

    >>> cut_at_stop("a cat. Or a dog", ["Or", "."])
    'a cat'
    """
    return text[: min([len(text), *(text.find(stop) for stop in stops if stop in text)])]


def stop_checker(requests: Sequence[Request], tokenizer: Any) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Return a check of sequences against their request's stop strings, or None if no request has any."""
    stops_R = [tuple(request.stop) for request in requests for _ in range(request.n)]
    if not any(stops_R):
        return None

    def stopped(rows: Tensor, tokens: Tensor) -> Tensor:
        found = [
            bool(stops_R[row]) and any(stop in _text(tokenizer, ids) for stop in stops_R[row])
            for row, ids in zip(rows.tolist(), tokens.tolist(), strict=True)
        ]
        return torch.tensor(found, device=rows.device)

    return stopped


def _text(tokenizer: Any, ids: list[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
