"""Training on pairs of images with transformers' `Trainer`; needs the extra `train`."""

from __future__ import annotations

from importlib.util import find_spec

from svco_loss.errors import SvcoLossError

if find_spec("llava_train") is None:
    raise SvcoLossError("svco_loss.training needs llava-train: pip install 'svco-loss[train]'")

from svco_loss.training.encoding import EncodedPair, PairEncoder
from svco_loss.training.launching import launch_training
from svco_loss.training.preparing import PreparedPairs, prepare_pairs
from svco_loss.training.references import compute_references, load_reference_model, reference_source
from svco_loss.training.settings import SvcoSettings
from svco_loss.training.training import SvcoResult, load_pair_encoder, store_references, train

__all__ = [
    "EncodedPair",
    "PairEncoder",
    "PreparedPairs",
    "SvcoResult",
    "SvcoSettings",
    "compute_references",
    "launch_training",
    "load_pair_encoder",
    "load_reference_model",
    "prepare_pairs",
    "reference_source",
    "store_references",
    "train",
]
