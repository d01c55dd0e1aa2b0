"""Where an image's tokens stand in a sequence, and in which grid of patches they lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from box_space import OriginalPixels, PatchGrid
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.zoom.frames import Frame, frame_space


@dataclass(frozen=True)
class ImageTokens:
    """The tokens of one image of one sample, row by row of its grid."""

    positions: Tensor
    """int64 `(rows * columns,)`."""
    rows: int
    columns: int

    def grid(self, original: OriginalPixels, frame: Frame) -> PatchGrid:
        """The grid's place in the image that was shown in a frame.

        Raises:
            ZoomError: `frame` when it is neither `padded` nor `whole`.
        """
        return PatchGrid(frame_space((original.width, original.height), frame), self.columns, self.rows)


def find_images(model: Any, inputs: Mapping[str, Tensor], counts: Sequence[int]) -> list[list[ImageTokens]]:
    """The image tokens of every image of every sample.

    Args:
        model: a chat VLM of transformers, whose config names its image token.
        inputs: of its processor: `input_ids`, and `image_grid_thw` where grids are not square.
        counts: number of images of each sample.

    Raises:
        UnsupportedModelError: `image_token` where the config names none, `image_grid` where the tokens are not one grid
            an image (tiles, packed resolutions).
    """
    token = getattr(model.config, "image_token_id", None)
    if token is None:
        raise UnsupportedModelError("image_token", f"{type(model).__name__} names no image_token_id in its config.")
    shapes = _grid_shapes(model, inputs)
    found: list[list[ImageTokens]] = []
    used = 0
    for ids, count in zip(inputs["input_ids"], counts, strict=True):
        positions = (ids == token).nonzero().flatten()
        own = _square_shapes(len(positions), count) if shapes is None else shapes[used : used + count]
        used += count
        if sum(rows * columns for rows, columns in own) != len(positions):
            raise UnsupportedModelError("image_grid", f"{len(positions)} image tokens are not {count} grids of {own}.")
        found.append(_cut(positions, own))
    return found


def _grid_shapes(model: Any, inputs: Mapping[str, Tensor]) -> list[tuple[int, int]] | None:
    """Rows and columns of every image of the batch, where the processor says them (Qwen-VL)."""
    grids = inputs.get("image_grid_thw")
    if grids is None:
        return None
    merge = model.config.vision_config.spatial_merge_size
    if any(time != 1 for time, _, _ in grids.tolist()):
        raise UnsupportedModelError("image_grid", "videos have no single grid; pass images.")
    return [(height // merge, width // merge) for _, height, width in grids.tolist()]


def _square_shapes(tokens: int, images: int) -> list[tuple[int, int]]:
    side = math.isqrt(tokens // images) if images else 0
    if side * side * images != tokens or (images and not side):
        detail = f"{tokens} image tokens are not {images} square grids; turn tiles off (do_image_splitting=False)."
        raise UnsupportedModelError("image_grid", detail)
    return [(side, side)] * images


def _cut(positions: Tensor, shapes: Sequence[tuple[int, int]]) -> list[ImageTokens]:
    parts = torch.split(positions, [rows * columns for rows, columns in shapes])
    return [ImageTokens(part, *shape) for part, shape in zip(parts, shapes, strict=True)]
