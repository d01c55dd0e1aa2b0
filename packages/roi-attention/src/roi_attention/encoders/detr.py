"""Relevance maps of the objects that DETR finds, one a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from box_space import Box, Fraction, OriginalPixels, PatchGrid
from torch import Tensor
from transformers import DetrForObjectDetection

from roi_attention.encoders.capturing import Captured, capture, gradients_at, without_graph
from roi_attention.encoders.picture_corner import on_picture, picture_sizes
from roi_attention.encoders.rules import cross_addition, passed_on, self_rule, weighted_attention, wide_kind
from roi_attention.encoders.targets import class_name
from roi_attention.errors import MapError, UnsupportedModelError
from roi_attention.maps import RelevanceMap


@dataclass(frozen=True, eq=False)
class ExplainedObject:
    """One object that a query found, and where it was looked up."""

    query: int
    """Index of the query."""
    class_id: int
    """Its most likely class but for "no object"."""
    probability: float
    """Of that class, "no object" counted among the others."""
    box: Box
    """As predicted, in original pixels."""
    relevance: RelevanceMap
    """The query's row over the encoder's grid, on the picture; its target is the class's name."""


@torch.enable_grad()
def explain_detr(
    model: Any,
    inputs: Mapping[str, Any],
    *,
    queries: Sequence[Sequence[int]] | None = None,
    min_probability: float = 0.5,
    originals: Sequence[OriginalPixels] | None = None,
) -> list[list[ExplainedObject]]:
    """Map what counts for each object that DETR finds: one pass forward, and one back for each query of a picture.

    The k-th queries of all pictures share a pass back. The backbone runs without a graph.

    Args:
        model: a `DetrForObjectDetection` of transformers in eval mode, under SDPA or a flash kernel.
        inputs: of its processor: `pixel_values`, and `pixel_mask` where pictures are padded on the right and below.
        queries: to explain, for each picture; None: those with a class more likely than `min_probability`.
        min_probability: 0.5 is the published one for segmentation, 0.9 that for pictures.
        originals: sizes of the pictures before their resize; None: the resized picture is the original.

    Returns:
        For each picture its objects, in the order of `queries`.

    Raises:
        UnsupportedModelError: `model` for another model, `attention` for an eager kernel.
        MapError: `bad_queries`, `bad_mask`, `training`, or `bad_shape` of `originals`.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 to 10 for encoder and decoder; the scalar is the query's raw
        logit of its class.
    """
    if not isinstance(model, DetrForObjectDetection):
        kind = type(model).__name__
        raise UnsupportedModelError("model", f"explain_detr needs a DetrForObjectDetection; got {kind}.")
    sizes = picture_sizes(inputs)
    whole = [OriginalPixels(*size) for size in sizes] if originals is None else list(originals)
    if len(whole) != len(sizes):
        raise MapError(
            "bad_shape", f"originals must be one size a picture; got {len(whole)} for {len(sizes)} pictures."
        )
    seen = _run(model, inputs)
    chosen = _chosen_queries(seen.logits_B_Q_C, queries, min_probability)
    canvas_wh = (inputs["pixel_values"].shape[-1], inputs["pixel_values"].shape[-2])
    found: list[list[ExplainedObject]] = [[] for _ in chosen]
    rounds = max(map(len, chosen))
    for k in range(rounds):
        asked = {b: own[k] for b, own in enumerate(chosen) if k < len(own)}
        rows = _query_rows(model, seen, asked, keep_graph=k + 1 < rounds)
        for b, query in asked.items():
            values_hw = on_picture(rows[b].reshape(seen.grid_hw), sizes[b], canvas_wh)
            found[b].append(_explained(model, seen, b, query, values_hw, whole[b]))
    return found


@dataclass(frozen=True, eq=False)
class _Seen:
    """One forward pass of DETR."""

    logits_B_Q_C: Tensor
    boxes_B_Q_4: Tensor
    grid_hw: tuple[int, int]
    captured: list[Captured]


def _run(model: Any, inputs: Mapping[str, Any]) -> _Seen:
    network = model.model
    shapes: list[torch.Size] = []
    hook = network.input_projection.register_forward_hook(lambda _, args, output: shapes.append(output.shape))
    try:
        with without_graph(network.backbone):
            output, captured = capture(model, inputs, [network.encoder, network.decoder])
    finally:
        hook.remove()
    ((_, _, height, width),) = shapes
    return _Seen(output.logits, output.pred_boxes.detach(), (height, width), captured)


def _chosen_queries(
    logits_B_Q_C: Tensor, queries: Sequence[Sequence[int]] | None, min_probability: float
) -> list[list[int]]:
    batch, count = logits_B_Q_C.shape[:2]
    if queries is None:
        likely_B_Q = logits_B_Q_C.detach().softmax(-1)[..., :-1].amax(-1)
        return [(row > min_probability).nonzero().flatten().tolist() for row in likely_B_Q]
    if len(queries) != batch or not all(0 <= query < count for own in queries for query in own):
        message = (
            f"queries must be {batch} lists, one a picture, of numbers from 0 to {count - 1}; got {list(queries)}."
        )
        raise MapError("bad_queries", message)
    return [list(own) for own in queries]


def _query_rows(model: Any, seen: _Seen, asked: Mapping[int, int], *, keep_graph: bool) -> dict[int, Tensor]:
    """The row of one query of each asked picture over the encoder's positions."""
    of_query = [seen.logits_B_Q_C[b, query, :-1] for b, query in asked.items()]
    said = [logits_C[logits_C.argmax()] for logits_C in of_query]
    gradients = gradients_at(torch.stack(said).sum(), seen.captured, keep_graph=keep_graph)
    by_module = {one.module: (one.call, gradient) for one, gradient in zip(seen.captured, gradients, strict=True)}

    def step(module: Any) -> Tensor:
        return weighted_attention(*by_module[module])

    image, query, cross = _zeros(seen)
    for layer in model.model.encoder.layers:
        image = self_rule(step(layer.self_attn), image)
    for layer in model.model.decoder.layers:
        own = step(layer.self_attn)
        query, cross = self_rule(own, query), passed_on(own, cross)
        cross = cross + cross_addition(step(layer.encoder_attn), query, image)
    return {b: cross[b, index] for b, index in asked.items()}


def _zeros(seen: _Seen) -> tuple[Tensor, Tensor, Tensor]:
    """Relevance before any layer, the identity left out: image on image, queries on queries, queries on image."""
    batch, queries = seen.logits_B_Q_C.shape[:2]
    length, kind, device = seen.grid_hw[0] * seen.grid_hw[1], wide_kind(seen.logits_B_Q_C), seen.logits_B_Q_C.device
    shapes = ((length, length), (queries, queries), (queries, length))
    image, query, cross = (torch.zeros(batch, *shape, dtype=kind, device=device) for shape in shapes)
    return image, query, cross


def _explained(
    model: Any, seen: _Seen, index: int, query: int, values_hw: Tensor, original: OriginalPixels
) -> ExplainedObject:
    probability, label = seen.logits_B_Q_C[index, query].detach().softmax(-1)[:-1].max(-1)
    x, y, width, height = seen.boxes_B_Q_4[index, query].tolist()
    edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    box = Box(*edges, Fraction(original)).to(original)
    name = class_name(model, int(label))
    grid = PatchGrid(original, values_hw.shape[1], values_hw.shape[0])
    values = values_hw.cpu().double().numpy()
    return ExplainedObject(query, int(label), float(probability), box, RelevanceMap(values, grid, target=name))
