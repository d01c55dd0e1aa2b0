"""Symmetrical visual contrastive optimization: the loss, and its log-probabilities with shared prefixes.

Data stand in `svco_loss.pairs`, stored references in `svco_loss.references`, the trainer in `svco_loss.training`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from svco_loss.lazy_names import loader

if TYPE_CHECKING:
    from svco_loss.batches import PairBatch, TokenRows
    from svco_loss.betas import Betas, DpoBetas, MdpoBetas, SvcoBetas
    from svco_loss.errors import (
        BatchError,
        BetaError,
        EmbeddingCacheError,
        EmbeddingError,
        LogpsError,
        PairFileError,
        SideError,
        StaleReferenceError,
        StoredReferenceError,
        SvcoLossError,
        TrainingError,
        UnsupportedModelError,
    )
    from svco_loss.logps import PairLogps
    from svco_loss.losses import SvcoLoss, svco_loss
    from svco_loss.references.adapters import without_adapter
    from svco_loss.shared_prefix import pair_logps
    from svco_loss.six_sequences import plain_pair_logps

__all__ = [
    "BatchError",
    "BetaError",
    "Betas",
    "DpoBetas",
    "EmbeddingCacheError",
    "EmbeddingError",
    "LogpsError",
    "MdpoBetas",
    "PairBatch",
    "PairFileError",
    "PairLogps",
    "SideError",
    "StaleReferenceError",
    "StoredReferenceError",
    "SvcoBetas",
    "SvcoLoss",
    "SvcoLossError",
    "TokenRows",
    "TrainingError",
    "UnsupportedModelError",
    "pair_logps",
    "plain_pair_logps",
    "svco_loss",
    "without_adapter",
]

_HOMES: dict[str, tuple[str, ...]] = {
    "batches": (
        "PairBatch",
        "TokenRows",
    ),
    "betas": (
        "Betas",
        "DpoBetas",
        "MdpoBetas",
        "SvcoBetas",
    ),
    "errors": (
        "BatchError",
        "BetaError",
        "EmbeddingCacheError",
        "EmbeddingError",
        "LogpsError",
        "PairFileError",
        "SideError",
        "StaleReferenceError",
        "StoredReferenceError",
        "SvcoLossError",
        "TrainingError",
        "UnsupportedModelError",
    ),
    "logps": ("PairLogps",),
    "losses": (
        "SvcoLoss",
        "svco_loss",
    ),
    "references.adapters": ("without_adapter",),
    "shared_prefix": ("pair_logps",),
    "six_sequences": ("plain_pair_logps",),
}

__getattr__ = loader("svco_loss", _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
