"""The right detector for a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from occlusion.detectors import grounding_dino, owl
from occlusion.detectors.checkpoints import model_type_of
from occlusion.detectors.grounding_dino import GroundingDinoDetector
from occlusion.detectors.owl import OwlDetector
from occlusion.errors import OcclusionError

DEFAULT_CHECKPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "grounding-dino": "IDEA-Research/grounding-dino-base",
        "mm-grounding-dino": "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
        "owlv2": "google/owlv2-base-patch16-ensemble",
        "owlvit": "google/owlvit-base-patch32",
    }
)
"""Hub id for each kind; that of `grounding-dino` has the Swin-B backbone and the data of World to Code's detector."""


def load_detector(kind_or_model: str, **options: Any) -> GroundingDinoDetector | OwlDetector:
    """Load a detector by its kind, or by the `model_type` of a checkpoint.

    Args:
        kind_or_model: `grounding-dino`, `mm-grounding-dino`, `owlv2` or `owlvit` for the checkpoint of
            `DEFAULT_CHECKPOINTS`; otherwise a folder or hub id (a folder named like a kind: write `./owlv2`).
        options: keyword arguments of `GroundingDinoDetector` or `OwlDetector`, such as `device`.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        OcclusionError: `unknown_detector` (another `model_type`), or what the detector's class raises.
    """
    path = DEFAULT_CHECKPOINTS.get(kind_or_model, kind_or_model)
    model_type = model_type_of(path)
    if model_type in grounding_dino.MODEL_TYPES:
        return GroundingDinoDetector(path, **options)
    if model_type in owl.MODEL_TYPES:
        return OwlDetector(path, **options)
    message = f"{path} must be one of {sorted(DEFAULT_CHECKPOINTS)} by its config's model_type; got {model_type!r}."
    raise OcclusionError("unknown_detector", message)
