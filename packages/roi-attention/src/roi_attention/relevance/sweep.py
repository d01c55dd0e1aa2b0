"""The row sweep: relevance of all positions for a few tokens, layer by layer from the last, without full matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from roi_attention.relevance.attention_calls import detached
from roi_attention.relevance.layer_steps import run_with_gradients
from roi_attention.relevance.layer_traces import LayerTrace, decoder_of, trace_layers
from roi_attention.relevance.targets import Score, Targets, at_targets, check_head, chosen_tokens, head_logits, scores
from roi_attention.relevance.tiles import TILE_QUERIES, rows_times_relevance

Combine = Literal["per_token", "joint"]


@dataclass(frozen=True)
class Relevance:
    """How much each position counts for each target token."""

    rows_B_T_N: Tensor
    """Not negative but for rounding; rows of weight 0 are 0. Summed over T: the sample's map."""
    first_order_B_T_N: Tensor
    """The part of it that goes along one attention step."""
    tokens_B_T: Tensor
    """The explained tokens, chosen ones included."""
    logits_B_T_V: Tensor
    """The model's logits at the targets."""


def relevance_rows(
    model: Any,
    inputs: Mapping[str, Tensor],
    targets: Targets,
    *,
    score: Score = "logit",
    combine: Combine = "per_token",
    text_rows_from: Tensor | None = None,
    kept_graphs: int | None = None,
    tile: int = TILE_QUERIES,
) -> Relevance:
    """Gradient-weighted relevance of every position for the targets' tokens.

    The forward pass is the model's own. Then each layer, from the last, is run again with gradients of activations
    alone; memory is the layers' inputs, the kept graphs and one more.

    Args:
        model: a chat VLM of transformers in eval mode; its kernels stay as they are.
        inputs: of its processor; samples of a batch do not mix.
        targets: tokens and where they are predicted.
        score: the scalar of each token.
        combine: `per_token` differentiates each token's own score (T passes back); `joint` their weighted sum, in one.
        text_rows_from: `(B,)`; None for the full rule. Else the restricted rule: paths end at the first position before
            this one (the end of the image), and only text rows are recomputed.
        kept_graphs: number of last layers that are not run again, because the forward pass keeps their graph; None: a
            quarter of them. All of them save a quarter of the time, and take the memory of training without gradients
            of weights. The restricted rule keeps none.
        tile: queries looked at together.

    Raises:
        UnsupportedModelError: the model's layers, head or attention are not followed.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 and 6 in one modality; the gradient of attention from the
        kernel's output, `G_h = dO_h V_h^T`.
    """
    first = 0 if text_rows_from is None else int(text_rows_from.min())
    kept = _kept_graphs(model, kept_graphs) if text_rows_from is None else 0
    trace = trace_layers(model, inputs, targets.all_positions, first=first, keep_cache=first > 0, kept_graphs=kept)
    tokens = chosen_tokens(targets, trace.logits_B_P_V)
    gradients = _head_gradients(model, trace, targets, tokens, score, combine)
    rows = _start_rows(targets, trace, combine)
    direct = torch.zeros(*rows.shape[:2], trace.length, dtype=rows.dtype, device=rows.device)
    closed = None if text_rows_from is None else _closed(text_rows_from, first, trace.length)
    rows, direct = _sweep(trace, rows, direct, gradients, closed, tile)
    return Relevance(rows, direct, tokens, at_targets(targets, trace.logits_B_P_V))


def _kept_graphs(model: Any, wanted: int | None) -> int:
    layers = len(decoder_of(model).layers)
    return layers // 4 if wanted is None else min(wanted, layers)


def _head_gradients(
    model: Any, trace: LayerTrace, targets: Targets, tokens_B_T: Tensor, score: Score, combine: Combine
) -> list[Tensor]:
    """Gradients of the scalars at the last layer's output, one for each pass back: `(B, M, W)` each.

    M positions at the end hold all targets; before them there is no gradient.
    """
    positions = targets.all_positions
    hidden = trace.last_B_N_W[:, positions].detach().requires_grad_()
    with torch.enable_grad():
        logits = head_logits(model, trace.decoder, hidden)
        check_head(logits.detach(), trace.logits_B_P_V)
        wide = logits if logits.dtype == torch.float64 else logits.float()
        said_B_T = scores(at_targets(targets, wide), tokens_B_T, score)
        used = targets.weights_B_T != 0
        if combine == "joint":
            scalars = [(said_B_T * targets.weights_B_T.to(said_B_T)).where(used, said_B_T.new_zeros(())).sum()]
        else:
            scalars = [said_B_T[:, k].where(used[:, k], said_B_T.new_zeros(())).sum() for k in range(said_B_T.shape[1])]
        parts = [torch.autograd.grad(scalar, hidden, retain_graph=True)[0] for scalar in scalars]
    places = positions - positions[0]
    shape = (hidden.shape[0], trace.length - int(positions[0]), hidden.shape[2])
    return [part.new_zeros(shape).index_copy_(1, places, part) for part in parts]


def _start_rows(targets: Targets, trace: LayerTrace, combine: Combine) -> Tensor:
    """One row a target: its weight at its position, over the kept positions `(B, T, N - first)`."""
    kind = torch.float64 if trace.last_B_N_W.dtype == torch.float64 else torch.float32
    batch, count = targets.positions_B_T.shape
    rows = torch.zeros(batch, count, trace.length - trace.first, dtype=kind, device=trace.last_B_N_W.device)
    return rows.scatter_(2, (targets.positions_B_T - trace.first)[..., None], targets.weights_B_T.to(kind)[..., None])


def _closed(text_rows_from_B: Tensor, first: int, length: int) -> Tensor:
    """Kept positions whose paths end: bool `(B, 1, N - first)`."""
    at = torch.arange(first, length, device=text_rows_from_B.device)
    return (at < text_rows_from_B[:, None])[:, None]


def _sweep(
    trace: LayerTrace, rows: Tensor, direct: Tensor, gradients: list[Tensor], closed: Tensor | None, tile: int
) -> tuple[Tensor, Tensor]:
    """Go from the last layer to the first; rows end up over all positions."""
    start, arrived, count = rows, torch.zeros_like(direct), rows.shape[1]
    for index in reversed(range(len(trace.inputs))):
        both = torch.stack([rows, start], 2).flatten(1, 2)
        moved = _through_layer(trace, index, both, gradients, tile).unflatten(1, (count, 2))
        arrived += moved[:, :, 0]
        direct += moved[:, :, 1]
        inside = moved[:, :, 0, trace.first :]
        rows = rows + (inside if closed is None else inside.masked_fill(closed, 0))
    arrived[..., trace.first :] += start
    return arrived, direct


def _through_layer(trace: LayerTrace, index: int, rows_B_R_N: Tensor, gradients: list[Tensor], tile: int) -> Tensor:
    """Rows times a layer's relevance, over all positions; gradients are passed back through the layer in place."""
    outputs = gradients[0].shape[1]
    run = run_with_gradients(trace, index, outputs)
    wanted = [run.attended, run.given][: 1 + (index > 0)]  # below the first layer nobody asks for gradients
    at_outputs: list[Tensor] = []
    for k in range(len(gradients)):
        found = torch.autograd.grad(run.output, wanted, gradients[k], retain_graph=k + 1 < len(gradients))
        at_outputs.append(found[0])
        gradients[k] = found[-1]
    return rows_times_relevance(rows_B_R_N[..., -outputs:], detached(run.call), at_outputs, tile=tile)
