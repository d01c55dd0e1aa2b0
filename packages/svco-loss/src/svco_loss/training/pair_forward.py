"""A model that answers a batch of pairs through its own `forward`, so that wrappers see one ordinary call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from svco_loss.batches import PairBatch
from svco_loss.logps import PairLogps

Scorer = Callable[[Any, PairBatch], PairLogps]
"""Model and batch to the six log-probabilities, such as `pair_logps`."""


def answer_pairs(model: Any, scorer: Scorer) -> None:
    """Let `model(pair_batch=batch)` return the six log-probabilities as one tensor `(6, B)`; other calls stay.

    DistributedDataParallel, DeepSpeed and accelerate's autocast act around a call of the wrapped model's `forward`, and
    `pair_logps` calls parts of the model. Accelerate itself sets `forward` on the instance in the same way.
    """
    original = model.forward

    @wraps(original)
    def forward(*args: Any, pair_batch: PairBatch | None = None, **kwargs: Any) -> Any:
        if pair_batch is None:
            return original(*args, **kwargs)
        return scorer(model, pair_batch).stacked()

    model.forward = forward
