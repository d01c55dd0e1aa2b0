"""The right segmenter for a name or a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from occlusion.annotations.coco import CocoAnnotations
from occlusion.annotations.loading import load_annotations
from occlusion.checkpoints import model_type_of
from occlusion.errors import OcclusionError
from occlusion.options import made
from occlusion.segmentations import Segmenter
from occlusion.segmenters.annotated import AnnotatedSegmenter
from occlusion.segmenters.checkpoints import KIND, gated_hint
from occlusion.segmenters.families import BOX_FAMILIES
from occlusion.segmenters.plain import BoxSegmenter, GrabCutSegmenter
from occlusion.segmenters.sam import SamSegmenter
from occlusion.segmenters.segment_anything import SegmentAnythingSegmenter

DEFAULT_SEGMENTERS: Mapping[str, str] = MappingProxyType(
    {
        "sam": "facebook/sam-vit-base",
        "sam-large": "facebook/sam-vit-large",
        "sam-huge": "facebook/sam-vit-huge",
        "sam2": "facebook/sam2.1-hiera-base-plus",
        "sam2-tiny": "facebook/sam2.1-hiera-tiny",
        "sam2-small": "facebook/sam2.1-hiera-small",
        "sam2-large": "facebook/sam2.1-hiera-large",
        "sam3": "facebook/sam3",
    }
)
"""Hub id for each name. `sam-huge` has the weights that CVC used; those of `sam3` are gated: accept the licence."""


def load_segmenter(kind_or_path: str, **options: Any) -> Segmenter:
    """Load a segmenter by its name, or by the `model_type` of a checkpoint.

    Args:
        kind_or_path: a name of `DEFAULT_SEGMENTERS`, or a folder or hub id (a folder named like a kind: write
            `./sam`), for `SamSegmenter`; `segment-anything` (needs the option `checkpoint_or_model`), `grabcut`,
            `box`, or `annotations` (needs the option `annotations`: annotations, or a path for
            `load_annotations`).
        options: keyword arguments of the segmenter's class, such as `device`.

    Raises:
        MissingExtraError: an engine is not installed.
        OcclusionError: `unknown_segmenter` (another `model_type`), `bad_option` (an option that the class does not
            have, or lacks), or what the segmenter's class raises.

    >>> type(load_segmenter("box", as_rle=True)).__name__
    'BoxSegmenter'
    """
    make, arguments = _maker(kind_or_path)
    return made(kind_or_path, make, arguments, options)


def _maker(kind_or_path: str) -> tuple[Callable[..., Segmenter], tuple[str, ...]]:
    if kind_or_path in _WITHOUT_HUB:
        return _WITHOUT_HUB[kind_or_path], ()
    path = DEFAULT_SEGMENTERS.get(kind_or_path, kind_or_path)
    model_type = model_type_of(path, KIND, gated_hint(path))
    if model_type not in BOX_FAMILIES:
        known = sorted({*DEFAULT_SEGMENTERS, *_WITHOUT_HUB})
        message = f"{path} must be one of {known}, or a SAM by its config's model_type; got {model_type!r}."
        raise OcclusionError("unknown_segmenter", message)
    return SamSegmenter, (path,)


def _annotated(annotations: CocoAnnotations | str | Path, **options: Any) -> AnnotatedSegmenter:
    read = annotations if isinstance(annotations, CocoAnnotations) else load_annotations(annotations)
    return AnnotatedSegmenter(read, **options)


_WITHOUT_HUB: Mapping[str, Callable[..., Segmenter]] = MappingProxyType(
    {
        "segment-anything": SegmentAnythingSegmenter,
        "grabcut": GrabCutSegmenter,
        "box": BoxSegmenter,
        "annotations": _annotated,
    }
)
