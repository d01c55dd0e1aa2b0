"""Ways to hide an object, behind one call."""

from occlusion.occluders.blur import BlurOccluder
from occlusion.occluders.choice import OCCLUDER_NAMES, load_occluder
from occlusion.occluders.dilation import dilate_mask
from occlusion.occluders.fill import CONTEXT, FillOccluder
from occlusion.occluders.patch import PatchOccluder
from occlusion.occluders.pixelate import PixelateOccluder
from occlusion.occluders.protocol import Occluder

__all__ = [
    "CONTEXT",
    "OCCLUDER_NAMES",
    "BlurOccluder",
    "FillOccluder",
    "Occluder",
    "PatchOccluder",
    "PixelateOccluder",
    "dilate_mask",
    "load_occluder",
]
