"""Pictures of a batch that stand in the top left corner of a common canvas, padded on the right and below."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from roi_attention.errors import MapError


def picture_sizes(inputs: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Width and height of each picture on the canvas, in its pixels.

    Args:
        inputs: `pixel_values` `(B, channels, H, W)` and, where pictures are padded, `pixel_mask` `(B, H, W)`.

    Raises:
        MapError: `bad_mask` where a picture is not one rectangle in the top left corner.

    >>> mask = torch.tensor([[[1, 1, 0], [0, 0, 0]]])
    >>> picture_sizes({"pixel_values": torch.zeros(1, 3, 2, 3), "pixel_mask": mask})
    [(2, 1)]
    """
    batch, _, height, width = inputs["pixel_values"].shape
    mask = inputs.get("pixel_mask")
    if mask is None:
        return [(width, height)] * batch
    sizes: list[tuple[int, int]] = []
    for one in mask.bool():
        wide, tall = int(one[0].sum()), int(one[:, 0].sum())
        if not wide * tall or not bool(one[:tall, :wide].all()) or int(one.sum()) != wide * tall:
            raise MapError("bad_mask", "pixel_mask must mark one rectangle in the top left corner of each picture.")
        sizes.append((wide, tall))
    return sizes


def on_picture(values_hw: Tensor, size_wh: tuple[int, int], canvas_wh: tuple[int, int]) -> Tensor:
    """Cut a canvas's grid of values down to a picture in its corner.

    Where a patch reaches over the picture's edge, patches are cut anew, so that whole ones fill the picture; each takes
    the mean of the old ones that it covers.

    Args:
        values_hw: over the whole canvas.
        size_wh: of the picture.
        canvas_wh: of the canvas, in the same pixels.

    >>> on_picture(torch.tensor([[1.0, 2.0, 3.0, 4.0]]), (3, 1), (4, 1)).tolist()
    [[1.0, 2.0, 3.0]]
    >>> on_picture(torch.tensor([[1.0, 3.0]]), (3, 1), (4, 1)).tolist()
    [[1.0, 2.3333332538604736]]
    """
    rows = _shares(values_hw.shape[0], size_wh[1] / canvas_wh[1]).to(values_hw)
    columns = _shares(values_hw.shape[1], size_wh[0] / canvas_wh[0]).to(values_hw)
    return rows @ values_hw @ columns.T


def _shares(count: int, part: float) -> Tensor:
    """How much of each new patch every old one makes up: `(new, count)`, rows summing to 1."""
    reach = count * part
    new = math.ceil(reach - 1e-9)
    ends = torch.arange(new + 1, dtype=torch.float64) * (reach / new)
    old = torch.arange(count + 1, dtype=torch.float64)
    overlap = torch.minimum(ends[1:, None], old[1:]) - torch.maximum(ends[:-1, None], old[:-1])
    return overlap.clamp_min(0) / (reach / new)
