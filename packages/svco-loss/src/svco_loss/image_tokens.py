"""Do image tokens and images fit together? Cut prompts would otherwise train blindly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from svco_loss.batches import PairBatch, TokenRows
from svco_loss.errors import BatchError


def check_image_tokens(batch: PairBatch, body: Any, image_token_id: int) -> None:
    """Check that image tokens stand in the prompts with images alone, as many in each row as its image has features.

    Where the number of features follows from `image_grid_thw`, each row is checked against it. Elsewhere all images
    have equally many, so that rows are compared, and the model itself compares their sum with its features.

    Raises:
        BatchError: which part and rows do not fit.
    """
    for name in ("prompt_none", "answer_x", "answer_y"):
        counts = _image_tokens(getattr(batch, name), image_token_id)
        if rows := counts.nonzero().flatten().tolist():
            raise BatchError(f"{name} must hold no image tokens (id {image_token_id}); rows {rows[:8]} do.")
    for name, images in (("prompt_a", batch.images_a), ("prompt_b", batch.images_b)):
        counts = _image_tokens(getattr(batch, name), image_token_id)
        if rows := (counts == 0).nonzero().flatten().tolist():
            raise BatchError(f"{name} must hold image tokens (id {image_token_id}); rows {rows[:8]} hold none.")
        _check_counts(name, counts, _features(images, body, len(batch)))


def _image_tokens(rows: TokenRows, image_token_id: int) -> Tensor:
    return ((rows.ids_B_T == image_token_id) & rows.is_real_B_T).sum(1)


def _features(images: Mapping[str, Tensor], body: Any, rows: int) -> Tensor | None:
    """`(images,)`: features of each image, where the processor tells; None: equally many."""
    grids = images.get("image_grid_thw")
    count = len(images["pixel_values"] if grids is None else grids)
    if count != rows:
        raise BatchError(f"each row must have one image for each side; got {count} images for {rows} rows.")
    return None if grids is None else grids.prod(1) // body.config.vision_config.spatial_merge_size**2


def _check_counts(name: str, counts_B: Tensor, features_B: Tensor | None) -> None:
    expected_B = counts_B.amax().expand_as(counts_B) if features_B is None else features_B.to(counts_B.device)
    wrong = (counts_B != expected_B).nonzero().flatten().tolist()
    if wrong:
        raise BatchError(
            f"{name} must hold one image token for each image feature; row {wrong[0]} holds {int(counts_B[wrong[0]])} "
            f"instead of {int(expected_B[wrong[0]])} (rows {wrong[:8]}). Was the prompt cut? Never cut image tokens."
        )


def token_types(ids: Tensor, image_token_id: int) -> Tensor:
    """Return 1 for image tokens and 0 for text, int32, as `mm_token_type_ids` of transformers' processors."""
    return (ids == image_token_id).to(torch.int32)
