"""The right detector for a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from occlusion.annotations.loading import load_annotations
from occlusion.checkpoints import model_type_of
from occlusion.detections import Detector
from occlusion.detectors import grounding_dino, owl
from occlusion.detectors.annotated import AnnotatedDetector
from occlusion.detectors.glip import GLIP_MODELS, GlipDetector
from occlusion.detectors.grounding_dino import GroundingDinoDetector
from occlusion.detectors.owl import OwlDetector
from occlusion.errors import OcclusionError
from occlusion.options import made
from occlusion.segmenters.choice import DEFAULT_SEGMENTERS
from occlusion.segmenters.families import PHRASE_FAMILIES
from occlusion.segmenters.sam3_phrases import Sam3PhraseSegmenter

DEFAULT_CHECKPOINTS: Mapping[str, str] = MappingProxyType(
    {
        "grounding-dino": "IDEA-Research/grounding-dino-base",
        "mm-grounding-dino": "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
        "owlv2": "google/owlv2-base-patch16-ensemble",
        "owlvit": "google/owlvit-base-patch32",
    }
)
"""Hub id for each kind; that of `grounding-dino` has the Swin-B backbone and the data of World to Code's detector."""


def load_detector(kind_or_model: str, *, min_score: float | None = None, **options: Any) -> Detector:
    """Load a detector by its kind, or by the `model_type` of a checkpoint. Each has thresholds of its own as presets.

    Args:
        kind_or_model: `grounding-dino`, `mm-grounding-dino`, `owlv2` or `owlvit` for the checkpoint of
            `DEFAULT_CHECKPOINTS`; `sam3` (a `Sam3PhraseSegmenter`: masks too); `glip` (that is `glip-l`), `glip-l` or
            `glip-t`; `annotations`; otherwise a folder or hub id (a folder named like a kind: write `./owlv2`).
        min_score: lowest score of a box, in the place of the preset.
        options: keyword arguments of the detector's class, such as `device`. Of `annotations`: `path` (`*.parquet` or
            a folder of such; otherwise COCO instances JSON), and keyword arguments of the `load` of the annotations.

    Raises:
        MissingExtraError: torch, transformers, pyarrow, or uv (for GLIP) is not installed.
        OcclusionError: `unknown_detector` (another `model_type`), `bad_option` (an option that the
                class does not have, or lacks; `min_score` of annotations, or beside a threshold), or what
            the detector's class raises.
    """
    make, arguments, thresholds = _maker(kind_or_model)
    above = {} if min_score is None else dict.fromkeys(thresholds, min_score)
    if min_score is not None and not above:
        raise OcclusionError("bad_option", f"{kind_or_model} have no scores; leave min_score out.")
    if twice := sorted(set(above) & set(options)):
        raise OcclusionError("bad_option", f"min_score stands for {', '.join(twice)}; give one of them.")
    return made(kind_or_model, make, arguments, above | options)


def _maker(kind_or_model: str) -> tuple[Callable[..., Detector], tuple[str, ...], tuple[str, ...]]:
    """What makes the detector, its arguments, and its names for the lowest score."""
    if kind_or_model == "annotations":
        return _annotated, (), ()
    if kind_or_model in ("glip", *GLIP_MODELS):
        return GlipDetector, ("glip-l" if kind_or_model == "glip" else kind_or_model,), ("box_threshold",)
    if kind_or_model in ("sam3", DEFAULT_SEGMENTERS["sam3"]):
        return Sam3PhraseSegmenter, (DEFAULT_SEGMENTERS["sam3"],), ("threshold",)
    path = DEFAULT_CHECKPOINTS.get(kind_or_model, kind_or_model)
    model_type = model_type_of(path)
    if model_type in grounding_dino.MODEL_TYPES:
        return GroundingDinoDetector, (path,), ("box_threshold", "text_threshold")
    if model_type in owl.MODEL_TYPES:
        return OwlDetector, (path,), ("box_threshold",)
    if model_type in PHRASE_FAMILIES:
        return Sam3PhraseSegmenter, (path,), ("threshold",)
    message = f"{path} must be one of {sorted(DEFAULT_CHECKPOINTS)} by its config's model_type; got {model_type!r}."
    raise OcclusionError("unknown_detector", message)


def _annotated(path: str | Path = "", **options: Any) -> AnnotatedDetector:
    if not str(path):
        raise OcclusionError("bad_option", "annotations must be given by path=; got none.")
    return AnnotatedDetector(load_annotations(path, **options))
