"""Hide what must be there: caption to entities, causality, boxes, masks, an occluded image and a question."""

from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.patches import IMAGENET_MEAN_RGB, Occlusion, occlude, patch_side_px

__all__ = [
    "IMAGENET_MEAN_RGB",
    "MissingExtraError",
    "Occlusion",
    "OcclusionError",
    "occlude",
    "patch_side_px",
]
