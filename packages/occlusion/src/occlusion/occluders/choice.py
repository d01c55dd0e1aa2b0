"""The occluder of a name."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any

from occlusion.errors import OcclusionError
from occlusion.occluders.blur import BlurOccluder
from occlusion.occluders.fill import FillOccluder
from occlusion.occluders.patch import PatchOccluder
from occlusion.occluders.pixelate import PixelateOccluder
from occlusion.occluders.protocol import Occluder

_OCCLUDERS = MappingProxyType(
    {"patches": PatchOccluder, "fill": FillOccluder, "blur": BlurOccluder, "pixelate": PixelateOccluder}
)

OCCLUDER_NAMES = tuple(_OCCLUDERS)
"""What `load_occluder` knows; `patches` is the published one."""


def load_occluder(name: str, **options: Any) -> Occluder:
    """Return the occluder of a name, with options of its class.

    Raises:
        OcclusionError: `unknown_occluder`, `bad_option`.

    >>> load_occluder("blur", dilate_px=3)
    BlurOccluder(dilate_px=3, dilate_share=0.0, radius_share=0.25)
    """
    if name not in _OCCLUDERS:
        raise OcclusionError("unknown_occluder", f"occluder must be one of {', '.join(OCCLUDER_NAMES)}; got {name!r}.")
    known = sorted(field.name for field in fields(_OCCLUDERS[name]))
    if unknown := sorted(set(options) - set(known)):
        raise OcclusionError("bad_option", f"{name} has the options {', '.join(known)}; got {', '.join(unknown)}.")
    return _OCCLUDERS[name](**options)
