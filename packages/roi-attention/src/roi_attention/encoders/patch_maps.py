"""Maps from rows over a tower's image tokens: the last tokens are the patches, row by row of their grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from box_space import OriginalPixels, PatchGrid, PixelSpace
from torch import Tensor

from roi_attention.encoders.row_sweeping import Rows
from roi_attention.errors import MapError, UnsupportedModelError
from roi_attention.maps import RelevanceMap


def patch_maps(
    rows: Rows, pixel_values: Tensor, patch_size: Any, shown: Sequence[PixelSpace] | None, targets: Sequence[str]
) -> list[RelevanceMap]:
    """Turn one row of relevance a picture into its map.

    Args:
        rows: over all tokens of the tower; those before the patches (CLS, registers) are left out.
        pixel_values: `(B, channels, H, W)`.
        patch_size: of the tower's config: one number, or height and width.
        shown: what each picture shows of its original; None: the picture itself is the original.
        targets: what was explained.

    Raises:
        UnsupportedModelError: `image_grid` where the tokens do not end in one grid of patches.
        MapError: `bad_shape` where `shown` is not one space a picture.
    """
    batch, _, height, width = pixel_values.shape
    tall, wide = patch_size if isinstance(patch_size, (tuple, list)) else (patch_size, patch_size)
    down, across = height // tall, width // wide
    before = rows.relevance_B_N.shape[1] - down * across
    if before < 1:
        detail = f"{rows.relevance_B_N.shape[1]} tokens are not a CLS token and a grid of {down} x {across} patches."
        raise UnsupportedModelError("image_grid", detail)
    spaces = picture_spaces(batch, OriginalPixels(width, height), shown)
    maps: list[RelevanceMap] = []
    for b, (of, target) in enumerate(zip(spaces, targets, strict=True)):
        relevance, direct = rows.relevance_B_N[b, before:], rows.first_order_B_N[b, before:]
        total = float(relevance.sum())
        share = float(direct.sum()) / total if total > 0 else None
        values = relevance.cpu().double().numpy().reshape(down, across)
        maps.append(RelevanceMap(values, PatchGrid(of, across, down), target=target, first_order_share=share))
    return maps


def picture_spaces(count: int, itself: OriginalPixels, shown: Sequence[PixelSpace] | None) -> Sequence[PixelSpace]:
    """What each picture shows, by default itself.

    Raises:
        MapError: `bad_shape` where `shown` is not one space a picture.
    """
    if shown is None:
        return [itself] * count
    if len(shown) != count:
        raise MapError("bad_shape", f"shown must be one space a picture; got {len(shown)} for {count} pictures.")
    return shown
