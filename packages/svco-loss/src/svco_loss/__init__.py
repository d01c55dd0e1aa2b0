"""Symmetrical visual contrastive optimization: the loss, and its log-probabilities with shared prefixes.

Names are loaded when they are first asked for, because most of them need torch and torch takes seconds to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svco_loss.batches import PairBatch, TokenRows
    from svco_loss.betas import Betas, DpoBetas, MdpoBetas, SvcoBetas
    from svco_loss.errors import (
        BatchError,
        BetaError,
        LogpsError,
        PairFileError,
        SvcoLossError,
        UnsupportedModelError,
    )
    from svco_loss.logps import PairLogps
    from svco_loss.losses import SvcoLoss, svco_loss
    from svco_loss.pairs.checks import check_pairs
    from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, read_mvc, write_mvc
    from svco_loss.pairs.splits import PUBLISHED_VALIDATION, Split, split_pairs
    from svco_loss.references.adapters import without_adapter
    from svco_loss.shared_prefix import pair_logps
    from svco_loss.six_sequences import plain_pair_logps

__all__ = [
    "PUBLISHED_VALIDATION",
    "BatchError",
    "BetaError",
    "Betas",
    "CheckedPairs",
    "DpoBetas",
    "ImagePair",
    "LogpsError",
    "MdpoBetas",
    "PairBatch",
    "PairFileError",
    "PairLogps",
    "RefusedPair",
    "Split",
    "SvcoBetas",
    "SvcoLoss",
    "SvcoLossError",
    "TokenRows",
    "UnsupportedModelError",
    "check_pairs",
    "pair_logps",
    "plain_pair_logps",
    "read_mvc",
    "split_pairs",
    "svco_loss",
    "without_adapter",
    "write_mvc",
]

_HOMES = {
    "batches": ("PairBatch", "TokenRows"),
    "betas": ("Betas", "DpoBetas", "MdpoBetas", "SvcoBetas"),
    "errors": ("BatchError", "BetaError", "LogpsError", "PairFileError", "SvcoLossError", "UnsupportedModelError"),
    "logps": ("PairLogps",),
    "losses": ("SvcoLoss", "svco_loss"),
    "pairs.mvc": ("CheckedPairs", "ImagePair", "RefusedPair", "read_mvc", "write_mvc"),
    "pairs.checks": ("check_pairs",),
    "references.adapters": ("without_adapter",),
    "shared_prefix": ("pair_logps",),
    "six_sequences": ("plain_pair_logps",),
    "pairs.splits": ("PUBLISHED_VALIDATION", "Split", "split_pairs"),
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"svco_loss.{home}"), name)
    raise AttributeError(f"module 'svco_loss' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
