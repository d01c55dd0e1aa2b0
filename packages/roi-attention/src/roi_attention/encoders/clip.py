"""Relevance of CLIP's image patches and text tokens for how well an image and a text fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from box_space import PixelSpace
from torch import Tensor
from transformers import CLIPModel

from roi_attention.encoders.capturing import Captured, capture, gradients_at
from roi_attention.encoders.patch_maps import patch_maps
from roi_attention.encoders.row_sweeping import Rows, sweep_rows
from roi_attention.errors import MapError, UnsupportedModelError
from roi_attention.maps import RelevanceMap


@dataclass(frozen=True, eq=False)
class ClipRelevance:
    """What counts in B pairs of an image and a text."""

    image_maps: list[RelevanceMap]
    """One an image: the CLS token's row over the patches."""
    token_rows: list[Tensor]
    """One a text: the end token's row over the tokens between start and end, summing to 1 (all 0 where none counts)."""
    logits_B: Tensor
    """The logit of each pair, as the model gave it."""


@torch.enable_grad()
def explain_clip(
    model: Any, inputs: Mapping[str, Any], *, first_layer: int = 0, shown: Sequence[PixelSpace] | None = None
) -> ClipRelevance:
    """Map what counts for the fit of images and texts: one pass forward and one back for all pairs.

    Args:
        model: a `CLIPModel` of transformers in eval mode, under SDPA or flash kernels.
        inputs: of its processor: as many pictures as texts; repeat a picture for each text it is asked about.
        first_layer: index of the first block that takes part, in both towers, counted from the end where negative. The
            published default, -1, is the last block alone: its gradient-weighted attention, without propagation.
        shown: what each picture shows of its original, as in `explain_vit`.

    Raises:
        UnsupportedModelError: `model` for another model, `attention` for an eager kernel.
        MapError: `pairs` where pictures and texts are not as many, `end_token` where a text has none, `bad_setting` for
            `first_layer`, `training`, or `bad_shape` of `shown`.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 and 6 in each tower; the scalar is the sum of the pairs'
        raw logits.
    """
    if not isinstance(model, CLIPModel):
        raise UnsupportedModelError("model", f"explain_clip needs a CLIPModel; got {type(model).__name__}.")
    ids_B_N, pixels = inputs["input_ids"], inputs["pixel_values"]
    if len(ids_B_N) != len(pixels):
        message = (
            f"one text a picture is needed; got {len(ids_B_N)} texts for {len(pixels)} pictures. Repeat the pictures."
        )
        raise MapError("pairs", message)
    ends_B = _end_places(model, ids_B_N)
    output, captured = capture(model, inputs, [model.vision_model, model.text_model])
    logits_B = output.logits_per_image.diagonal()
    gradients = gradients_at(logits_B.sum(), captured)
    of_image = len(model.vision_model.encoder.layers)
    image = _sweep(captured[:of_image], gradients[:of_image], torch.zeros_like(ends_B), first_layer)
    text = _sweep(captured[of_image:], gradients[of_image:], ends_B, first_layer)
    patch = model.vision_model.config.patch_size
    maps = patch_maps(image, pixels, patch, shown, [""] * len(pixels))
    tokens = [_shares(row[1:end]) for row, end in zip(text.relevance_B_N, ends_B.tolist(), strict=True)]
    return ClipRelevance(maps, tokens, logits_B.detach())


def _sweep(captured: list[Captured], gradients: list[Tensor], places_B: Tensor, first_layer: int) -> Rows:
    layers = len(captured)
    if not -layers <= first_layer < layers:
        message = (
            f"first_layer must be from {-layers} to {layers - 1}, the tower has {layers} blocks; got {first_layer}."
        )
        raise MapError("bad_setting", message)
    return sweep_rows(captured[first_layer:], gradients[first_layer:], places_B)


def _end_places(model: Any, ids_B_N: Tensor) -> Tensor:
    """Where each text ends: the token whose state the model reads, `(B,)`."""
    end = model.text_model.eos_token_id
    if end == 2:  # the config of the first checkpoints is wrong; the model itself then takes the largest id
        return ids_B_N.argmax(-1)
    if not bool((ids_B_N == end).any(-1).all()):
        raise MapError("end_token", f"every text needs the end token {end}; truncate texts with the model's tokenizer.")
    return (ids_B_N == end).int().argmax(-1)


def _shares(row_N: Tensor) -> Tensor:
    total = row_N.sum()
    return row_N / total if total > 0 else row_N
