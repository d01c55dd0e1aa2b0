"""Masks as COCO run-length encoding: compact text in rows, checked before any C code reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError


class Rle(TypedDict):
    """A mask as COCO writes it."""

    size: list[int]
    """Height and width in pixels."""

    counts: str
    """Run lengths down the columns, compressed to text."""


def encode_mask(mask_hw: NDArray[Any]) -> Rle:
    """Encode a mask `(H, W)`, non-zero on the object.

    >>> encode_mask(np.array([[0, 1], [0, 1]]))
    {'size': [2, 2], 'counts': '22'}
    """
    from pycocotools import mask as coco_mask

    coded = coco_mask.encode(np.asfortranarray(mask_hw != 0, dtype=np.uint8))
    return {"size": [int(side) for side in coded["size"]], "counts": cast("bytes", coded["counts"]).decode("ascii")}


def decode_mask(rle: Rle | Mapping[str, Any]) -> NDArray[np.bool_]:
    """Decode a mask to bool `(H, W)`.

    Raises:
        OcclusionError: `bad_mask`: the runs do not fill the size.

    >>> decode_mask({"size": [2, 2], "counts": "22"}).tolist()
    [[False, True], [False, True]]
    """
    from pycocotools import mask as coco_mask

    checked = _checked(rle)
    return np.ascontiguousarray(coco_mask.decode(cast("Any", checked)), dtype=np.uint8).view(np.bool_)


def segmentation_to_rle(segmentation: Any, *, size_hw: tuple[int, int]) -> Rle:
    """Turn any form of a COCO segmentation into compressed RLE: polygons, uncompressed or compressed run lengths.

    Raises:
        OcclusionError: `bad_mask` (malformed, or of another size than the image), `empty_mask`.

    >>> segmentation_to_rle([[0, 0, 2, 0, 2, 2, 0, 2]], size_hw=(2, 4))
    {'size': [2, 4], 'counts': '044'}
    """
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, Mapping):
        rle = _checked(cast("Mapping[str, Any]", segmentation))
        if rle["size"] != list(size_hw):
            raise OcclusionError("bad_mask", f"mask must have the image's size {list(size_hw)}; got {rle['size']}.")
    else:
        polygons = _polygons(segmentation, size_hw)
        merged = coco_mask.merge(coco_mask.frPyObjects(cast("Any", polygons), *size_hw))
        rle = Rle(size=list(size_hw), counts=cast("bytes", merged["counts"]).decode("ascii"))
    if not int(coco_mask.area(cast("Any", rle))):
        raise OcclusionError("empty_mask", "mask must have a pixel; got none.")
    return rle


def _checked(rle: Mapping[str, Any]) -> Rle:
    """The same mask, compressed, once its runs are known to fill its size: pycocotools itself trusts its input."""
    from pycocotools import mask as coco_mask

    size, counts = rle.get("size"), rle.get("counts")
    if not _is_size(size):
        raise OcclusionError("bad_mask", f"RLE size must be [height, width], both 1 to 65535; got {size!r}.")
    height, width = (int(side) for side in cast("Sequence[int]", size))
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", errors="replace")
    runs = _text_to_runs(counts) if isinstance(counts, str) else _plain_runs(counts)
    if sum(runs) != height * width:
        raise OcclusionError("bad_mask", f"RLE runs must add up to {height * width} pixels; got {sum(runs)}.")
    if not isinstance(counts, str):
        coded = coco_mask.frPyObjects(cast("Any", {"size": [height, width], "counts": runs}), height, width)
        counts = cast("bytes", cast("Any", coded)["counts"]).decode("ascii")
    return Rle(size=[height, width], counts=counts)


def _is_size(size: Any) -> bool:
    if not isinstance(size, (list, tuple)) or len(cast("Sequence[Any]", size)) != 2:
        return False
    return all(isinstance(side, int) and 1 <= side <= 65535 for side in cast("Sequence[Any]", size))


def _plain_runs(counts: Any) -> list[int]:
    if not isinstance(counts, (list, tuple)):
        raise OcclusionError("bad_mask", f"RLE counts must be text or a list of runs; got {type(counts).__name__}.")
    runs = list(cast("Sequence[Any]", counts))
    if not all(isinstance(run, int) and run >= 0 for run in runs):
        raise OcclusionError("bad_mask", "RLE runs must be whole numbers of 0 or more.")
    return runs


def _text_to_runs(counts: str) -> list[int]:
    """Decode COCO's text: five bits a character, low first; from the fourth run on, difference to the last but one."""
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise OcclusionError("bad_mask", "RLE counts must be COCO's compressed text; got other characters.")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift or any(run < 0 for run in runs):
        raise OcclusionError("bad_mask", "RLE counts must be whole runs of 0 or more; got a torn or negative one.")
    return runs


def _polygons(segmentation: Any, size_hw: tuple[int, int]) -> list[list[float]]:
    if not isinstance(segmentation, (list, tuple)) or not segmentation:
        raise OcclusionError("bad_mask", "segmentation must be a list of polygons, or run lengths; got neither.")
    far = 2.0 * max(size_hw)
    for polygon in cast("Sequence[Any]", segmentation):
        if not isinstance(polygon, (list, tuple)) or len(cast("Sequence[Any]", polygon)) < 6 or len(polygon) % 2:
            raise OcclusionError("bad_mask", "a polygon must be x, y of at least 3 points, in one flat list.")
        if not all(_is_near(value, far) for value in cast("Sequence[Any]", polygon)):
            raise OcclusionError("bad_mask", f"polygon points must be finite and within {far:.0f} px of the image.")
    return [[float(value) for value in polygon] for polygon in segmentation]


def _is_near(value: Any, far: float) -> bool:
    return isinstance(value, (int, float)) and isfinite(value) and -far <= value <= 2 * far
