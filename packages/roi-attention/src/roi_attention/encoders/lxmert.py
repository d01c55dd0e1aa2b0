"""Relevance of detector boxes and question tokens for LXMERT's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import LxmertForQuestionAnswering

from roi_attention.encoders.capturing import Captured, gradients_at
from roi_attention.encoders.lxmert_calls import Calls, capture_lxmert
from roi_attention.encoders.rules import (
    cross_addition,
    passed_on,
    self_addition,
    self_rule,
    weighted_attention,
    wide_kind,
)
from roi_attention.encoders.targets import chosen_classes
from roi_attention.errors import UnsupportedModelError


@dataclass(frozen=True, eq=False)
class AnswerRelevance:
    """What counts for the answer to one question about one image."""

    box_scores: Tensor
    """`(boxes,)`, not negative: one score a detector box; rasterise them with `box_scores_to_map`."""
    token_scores: Tensor
    """`(tokens,)`, not negative: one score a token of the question; 0 for the first, [CLS], which reads the answer."""
    answer: int
    """Index of the explained answer."""
    logit: float
    """Its logit, as the model gave it."""


@torch.enable_grad()
def explain_lxmert(
    model: Any, inputs: Mapping[str, Any], *, answers: Sequence[int] | None = None
) -> list[AnswerRelevance]:
    """Score detector boxes and question tokens for answers: one pass forward and one back for the whole batch.

    Args:
        model: a `LxmertForQuestionAnswering` of transformers in eval mode.
        inputs: `input_ids`, `attention_mask`, `visual_feats` and `visual_pos`, and `visual_attention_mask` where boxes
            are padded.
        answers: indices of answers, one a question; None: the most likely ones.

    Raises:
        UnsupportedModelError: `model` for another model.
        MapError: `bad_classes` for the answers, or `training`.

    Source: Chefer et al. 2021 (arXiv 2103.15679), rules 5 to 11; in the last cross layer only the text's side counts.
        The scalar is the answer's raw logit.
    """
    if not isinstance(model, LxmertForQuestionAnswering):
        kind = type(model).__name__
        raise UnsupportedModelError("model", f"explain_lxmert needs a LxmertForQuestionAnswering; got {kind}.")
    output, calls = capture_lxmert(model, inputs)
    logits_B_A = output.question_answering_score
    chosen_B = chosen_classes(logits_B_A, answers)
    said_B = logits_B_A.gather(1, chosen_B[:, None])[:, 0]
    encoder = model.lxmert.encoder
    counting = _counting(encoder, calls)
    gradients = dict(zip(counting, gradients_at(said_B.sum(), counting), strict=True))
    matrices = _sweep(
        encoder, calls, lambda one: weighted_attention(one.call, gradients[one]), _start(inputs, logits_B_A)
    )
    tokens_B_T = matrices.text[:, 0].clone()
    tokens_B_T[:, 0] = 0
    return [
        AnswerRelevance(matrices.text_to_boxes[b, 0], tokens_B_T[b], int(chosen_B[b]), float(said_B[b].detach()))
        for b in range(len(chosen_B))
    ]


@dataclass(frozen=True, eq=False)
class _Matrices:
    """Relevance, `(B, rows, columns)`; that of a modality to itself without the identity."""

    text: Tensor
    boxes: Tensor
    text_to_boxes: Tensor
    boxes_to_text: Tensor

    def attend_text(self, step: Tensor) -> _Matrices:
        """Self-attention of the text."""
        own, other = self_rule(step, self.text), passed_on(step, self.text_to_boxes)
        return _Matrices(own, self.boxes, other, self.boxes_to_text)

    def attend_boxes(self, step: Tensor) -> _Matrices:
        """Self-attention of the boxes."""
        own, other = self_rule(step, self.boxes), passed_on(step, self.boxes_to_text)
        return _Matrices(self.text, own, self.text_to_boxes, other)

    def attend_each_other(self, text_step: Tensor, boxes_step: Tensor | None) -> _Matrices:
        """Attention of text to boxes and of boxes to text (None: not used), all from the matrices before it."""
        text = self.text + self_addition(text_step, self.boxes_to_text)
        text_to_boxes = self.text_to_boxes + cross_addition(text_step, self.text, self.boxes)
        if boxes_step is None:
            return _Matrices(text, self.boxes, text_to_boxes, self.boxes_to_text)
        boxes = self.boxes + self_addition(boxes_step, self.text_to_boxes)
        boxes_to_text = self.boxes_to_text + cross_addition(boxes_step, self.boxes, self.text)
        return _Matrices(text, boxes, text_to_boxes, boxes_to_text)


_Step = Callable[[Captured], Tensor]
"""The gradient-weighted attention of a call."""


def _counting(encoder: Any, calls: Calls) -> list[Captured]:
    """The calls that the answer depends on: all but those of the boxes in the last cross layer."""
    last = encoder.x_layers[-1]
    _, of_boxes = calls[last.visual_attention.att]
    unused = {of_boxes, *calls[last.visn_self_att.self]}
    return [one for own in calls.values() for one in own if one not in unused]


def _start(inputs: Mapping[str, Any], like: Tensor) -> _Matrices:
    batch, tokens = inputs["input_ids"].shape
    boxes = inputs["visual_feats"].shape[1]
    shapes = ((tokens, tokens), (boxes, boxes), (tokens, boxes), (boxes, tokens))
    return _Matrices(*(torch.zeros(batch, *shape, dtype=wide_kind(like), device=like.device) for shape in shapes))


def _sweep(encoder: Any, calls: Calls, step: _Step, matrices: _Matrices) -> _Matrices:
    """Text layers, box layers, then the cross layers: to each other first, then each to itself."""

    def only(layer: Any) -> Tensor:
        (one,) = calls[layer.self]
        return step(one)

    for layer in encoder.layer:
        matrices = matrices.attend_text(only(layer.attention))
    for layer in encoder.r_layers:
        matrices = matrices.attend_boxes(only(layer.attention))
    for layer in encoder.x_layers:
        is_last = layer is encoder.x_layers[-1]
        of_text, of_boxes = calls[layer.visual_attention.att]
        matrices = matrices.attend_each_other(step(of_text), None if is_last else step(of_boxes))
        matrices = matrices.attend_text(only(layer.lang_self_att))
        if not is_last:
            matrices = matrices.attend_boxes(only(layer.visn_self_att))
    return matrices
