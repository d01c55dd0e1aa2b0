"""Relevance maps of image classifiers that read a CLS token: ViT and its like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from box_space import PixelSpace
from torch import Tensor

from roi_attention.encoders.capturing import capture, gradients_at
from roi_attention.encoders.patch_maps import patch_maps
from roi_attention.encoders.row_sweeping import sweep_rows
from roi_attention.encoders.targets import chosen_classes, class_name
from roi_attention.errors import UnsupportedModelError
from roi_attention.maps import RelevanceMap


@torch.enable_grad()
def explain_vit(
    model: Any,
    pixel_values: Tensor,
    *,
    classes: Sequence[int] | None = None,
    shown: Sequence[PixelSpace] | None = None,
    **options: Any,
) -> list[RelevanceMap]:
    """Map how much each patch counts for the class of a picture: one pass forward and one back for the whole batch.

    Args:
        model: an image classifier of transformers in eval mode whose head reads the first token alone (ViT; DeiT
            without the distillation head), under SDPA or a flash kernel. Other tokens before the patches (distillation,
            registers) are left out of the map.
        pixel_values: `(B, channels, H, W)`, of its processor.
        classes: to explain, one a picture; None: the most likely ones.
        shown: what each picture shows of its original: the original, or its padded square; None: the picture is the
            original. A processor that cuts out the centre shows an image of its own: cut first, and say that.
        options: more arguments of the model, such as `interpolate_pos_encoding=True`.

    Raises:
        UnsupportedModelError: `read_out` where the class depends on more than the first token, `image_grid` or
            `attention` where tokens are not one grid of patches in all layers.
        MapError: `bad_classes`, `training`, or `bad_shape` of `shown`.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 and 6; the scalar is the class's raw logit.
    """
    output, captured = capture(model, {"pixel_values": pixel_values, **options}, [model])
    chosen_B = chosen_classes(output.logits, classes)
    gradients = gradients_at(output.logits.gather(1, chosen_B[:, None]).sum(), captured)
    if not gradients or bool((gradients[-1][:, 1:] != 0).any()):
        name = type(model).__name__
        raise UnsupportedModelError("read_out", f"the class of {name} depends on more tokens than the first (CLS).")
    rows = sweep_rows(captured, gradients, torch.zeros_like(chosen_B))
    names = [class_name(model, int(index)) for index in chosen_B]
    return patch_maps(rows, pixel_values, model.config.patch_size, shown, names)
