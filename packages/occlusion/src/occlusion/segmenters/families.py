"""The models of transformers that take boxes: which class, and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from occlusion.segmenters.frames import ModelFrame


@dataclass(frozen=True)
class Family:
    """One generation of SAM."""

    source: str
    """Its name in results."""

    model_class: str
    """In transformers."""

    frame: ModelFrame
    """As published, at full size."""


_HALF = (0.5, 0.5, 0.5)
SAM = Family("sam", "SamModel", ModelFrame(1024, keeps_aspect=True))
SAM2 = Family("sam2", "Sam2Model", ModelFrame(1024, keeps_aspect=False))
_SAM3_FRAME = ModelFrame(1008, keeps_aspect=False, mean_rgb=_HALF, std_rgb=_HALF)
SAM3 = Family("sam3", "Sam3TrackerModel", _SAM3_FRAME)
SAM3_PHRASES = Family("sam3", "Sam3Model", _SAM3_FRAME)

BOX_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "sam": SAM,
        "sam2": SAM2,
        "sam2_video": SAM2,
        "sam3_tracker": SAM3,
        "sam3_tracker_video": SAM3,
        "sam3_video": SAM3,
    }
)
"""By `model_type`; a video checkpoint holds the image model, and the published ones of SAM 2 and 3 are such."""

PHRASE_FAMILIES: Mapping[str, Family] = MappingProxyType({"sam3": SAM3_PHRASES, "sam3_video": SAM3_PHRASES})
"""The same for models that take phrases."""
