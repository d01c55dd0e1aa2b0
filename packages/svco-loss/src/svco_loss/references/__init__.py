"""The frozen reference: an adapter switched off, or log-probabilities that were computed once and stored."""

from svco_loss.pairs.png_store import pixel_digest
from svco_loss.references.fingerprints import (
    PairKey,
    ReferenceSource,
    template_fingerprint,
    text_digest,
    weights_fingerprint,
)
from svco_loss.references.store import FIELDS, ReferenceStore, SixLogps

__all__ = [
    "FIELDS",
    "PairKey",
    "ReferenceSource",
    "ReferenceStore",
    "SixLogps",
    "pixel_digest",
    "template_fingerprint",
    "text_digest",
    "weights_fingerprint",
]
