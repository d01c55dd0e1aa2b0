"""Gradients at the pixels: for comparison with relevance. The whole graph is kept, so memory is that of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance.image_tokens import ImageTokens
from roi_attention.relevance.sweep import Relevance
from roi_attention.relevance.targets import Score, Targets, at_targets, chosen_tokens, scores


def input_gradient_rows(
    model: Any, inputs: Mapping[str, Tensor], targets: Targets, images: Sequence[ImageTokens], *, score: Score = "logit"
) -> Relevance:
    """Length of the gradient of each target's score at the pixels of each image token's patch.

    Args:
        model: a chat VLM of transformers in eval mode whose vision tower lets gradients through.
        inputs: of its processor, one image a sample.
        targets: tokens and where they are predicted.
        images: the image tokens of each sample.
        score: the scalar of each token.

    Raises:
        UnsupportedModelError: `pixels` where pixels are neither one picture a sample nor rows of flattened patches, or
            where no gradient reaches them.

    Source: Simonyan et al. 2014 (arXiv 1312.6034), summed over patches.
    """
    pixels = inputs["pixel_values"].detach().requires_grad_()
    with torch.enable_grad():
        positions = targets.all_positions
        logits = model(**{**inputs, "pixel_values": pixels}, use_cache=False, logits_to_keep=positions).logits
        tokens = chosen_tokens(targets, logits.detach())
        said_B_T = scores(at_targets(targets, logits), tokens, score)
        result = torch.zeros(*said_B_T.shape, inputs["input_ids"].shape[1], dtype=torch.float64, device=pixels.device)
        for k in range(said_B_T.shape[1]):
            gradient = _gradient(said_B_T[:, k].sum(), pixels)
            for b, values in enumerate(_by_token(gradient, images, inputs)):
                result[b, k, images[b].positions] = values.double() * targets.weights_B_T[b, k]
    return Relevance(result, result, tokens, at_targets(targets, logits.detach()))


def _gradient(scalar: Tensor, pixels: Tensor) -> Tensor:
    found: Any = [None]  # where weights are frozen too, a scalar that pixels do not reach has no graph at all
    if scalar.requires_grad:
        found = torch.autograd.grad(scalar, pixels, retain_graph=True, allow_unused=True)
    if found[0] is None:
        raise UnsupportedModelError("pixels", "no gradient reaches the pixels of this model.")
    return found[0]


def _by_token(gradient: Tensor, images: Sequence[ImageTokens], inputs: Mapping[str, Tensor]) -> list[Tensor]:
    """Lengths of the gradient over the pixels of each token, in the order of the tokens, for each sample."""
    grids = inputs.get("image_grid_thw")
    if grids is not None and gradient.dim() == 2:
        counts = grids.prod(-1).tolist()
        parts = torch.split(gradient.square().sum(-1), counts)  # patches of one token are neighbours in this layout
        return [part.reshape(len(own.positions), -1).sum(-1).sqrt() for part, own in zip(parts, images, strict=True)]
    if gradient.dim() != 4 or len(gradient) != len(images):
        raise UnsupportedModelError("pixels", f"pixels of shape {tuple(gradient.shape)} are not one picture a sample.")
    squares = gradient.square().sum(1)
    return [_pooled(square, own).sqrt() for square, own in zip(squares, images, strict=True)]


def _pooled(square_H_W: Tensor, own: ImageTokens) -> Tensor:
    pooled = torch.nn.functional.adaptive_avg_pool2d(square_H_W[None, None].float(), (own.rows, own.columns))
    return pooled.flatten() * (square_H_W.numel() / len(own.positions))
