"""Relevance maps for questions about images: one call for every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from box_space import OriginalPixels
from PIL import Image
from torch import Tensor

from roi_attention.errors import MapError
from roi_attention.maps import Method, RelevanceMap
from roi_attention.relevance.answers import Asked, encode_asked
from roi_attention.relevance.attention_rows import attention_rows
from roi_attention.relevance.image_tokens import ImageTokens, find_images
from roi_attention.relevance.input_gradients import input_gradient_rows
from roi_attention.relevance.sweep import Combine, Relevance, relevance_rows
from roi_attention.relevance.targets import Score
from roi_attention.zoom.frames import Frame, model_frame
from roi_attention.zoom.pictures import shown_picture

PER_TOKEN_UP_TO = 8
"""Answers of more tokens are explained jointly unless told otherwise."""


@dataclass(frozen=True)
class ImageQuestion:
    """A question about an image, and the answer to explain."""

    image: Image.Image
    """RGB, as it is; it is shown to the model in the model's frame."""
    question: str
    answer: str | None = None
    """None: the model's own most likely next token."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where an answer was looked up."""

    whole: RelevanceMap
    """For the whole answer."""
    tokens: tuple[tuple[str, RelevanceMap], ...]
    """For each explained token, in order."""
    mean_log_prob: float
    """Mean log-probability of the explained tokens, nats."""


def explain(
    model: Any,
    processor: Any,
    questions: Sequence[ImageQuestion],
    *,
    method: Method = "relevance",
    score: Score = "logit",
    combine: Combine | None = None,
    neutral: str | None = None,
    frame: Frame | None = None,
    layers: Sequence[int] | None = None,
    kept_graphs: int | None = None,
) -> list[Explanation]:
    """Map how much each image patch counts for the answers to questions; one batch, whose samples do not mix.

    Args:
        model: a chat VLM of transformers in eval mode, under any kernel of SDPA or flash kind. Parameters that need no
            gradient (`model.requires_grad_(False)`) save memory.
        processor: the model's own.
        questions: images, questions and answers.
        method: `relevance`: gradient-weighted, through all layers. `text_rows`: the same, but paths end at the first
            image token (cheaper; another map). `attention`: averaged over heads and `layers`. `input_gradient`: of the
            pixels.
        score: the scalar that is differentiated; `logit` is the published one, `log_odds` is blind to a shift of all
            logits.
        combine: each token for itself or all jointly; by default by the length of the answer.
        neutral: a question such as "Describe the image."; maps are then divided by the one for it (of the next token).
        frame: how the image is shown; by default as the processor needs it.
        layers: of `attention` alone; None: all.
        kept_graphs: of `relevance` alone, memory for time; as `relevance_rows`.

    Raises:
        UnsupportedModelError: the model's image tokens, layers or attention are not followed.
        MapError: an answer or an image cannot be explained.
    """
    if not questions:
        return []
    if model.training:
        raise MapError("training", "the model must be in eval mode; call model.eval().")
    chosen = frame or model_frame(processor)
    how = _How(method, score, combine, chosen, layers, kept_graphs)
    found = _explain(model, processor, questions, how)
    if neutral is None:
        return found
    plain = [ImageQuestion(one.image, neutral) for one in questions]
    below = [one.whole for one in _explain(model, processor, plain, how)]
    return [_relative(one, under) for one, under in zip(found, below, strict=True)]


@dataclass(frozen=True)
class _How:
    """The options of `explain`."""

    method: Method
    score: Score
    combine: Combine | None
    frame: Frame
    layers: Sequence[int] | None
    kept_graphs: int | None


def _explain(model: Any, processor: Any, questions: Sequence[ImageQuestion], how: _How) -> list[Explanation]:
    shown = [[shown_picture(one.image, how.frame)] for one in questions]
    messages = [_turn(one.question) for one in questions]
    asked = encode_asked(model, processor, messages, shown, [one.answer for one in questions])
    images = [own[0] for own in find_images(model, asked.inputs, [1] * len(questions))]
    rows = _rows(model, asked, images, how)
    return [
        _explanation(processor, asked, rows, b, images[b], OriginalPixels(*one.image.size), how)
        for b, one in enumerate(questions)
    ]


def _rows(model: Any, asked: Asked, images: Sequence[ImageTokens], how: _How) -> Relevance:
    if how.method == "attention":
        return attention_rows(model, asked.inputs, asked.targets, layers=how.layers)
    if how.method == "input_gradient":
        return input_gradient_rows(model, asked.inputs, asked.targets, images, score=how.score)
    is_long = asked.targets.positions_B_T.shape[1] > PER_TOKEN_UP_TO
    return relevance_rows(
        model,
        asked.inputs,
        asked.targets,
        score=how.score,
        combine=how.combine or ("joint" if is_long else "per_token"),
        text_rows_from=torch.stack([own.positions[-1] + 1 for own in images]) if how.method == "text_rows" else None,
        kept_graphs=how.kept_graphs,
    )


def _turn(question: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]


def _explanation(
    processor: Any,
    asked: Asked,
    rows: Relevance,
    index: int,
    tokens: ImageTokens,
    original: OriginalPixels,
    how: _How,
) -> Explanation:
    grid = tokens.grid(original, how.frame)
    used = asked.targets.weights_B_T[index] != 0
    values_T_I = rows.rows_B_T_N[index, used][:, tokens.positions].clamp_min(0)
    direct = rows.first_order_B_T_N[index, used][:, tokens.positions].clamp_min(0).sum()
    ids = rows.tokens_B_T[index, used]
    words = [processor.tokenizer.decode([int(token)]) for token in ids]
    said = asked.said[index] or words[0]
    total = values_T_I.sum()
    share = float(direct / total) if how.method in ("relevance", "text_rows") and total > 0 else None
    whole = _map(values_T_I.sum(0), grid, how.method, said)
    each = tuple((word, _map(values, grid, how.method, word)) for word, values in zip(words, values_T_I, strict=True))
    logs = rows.logits_B_T_V[index, used].float().log_softmax(-1).gather(1, ids[:, None])
    return Explanation(replace(whole, first_order_share=share), each, float(logs.mean()))


def _map(values_I: Tensor, grid: Any, method: Method, target: str) -> RelevanceMap:
    values = values_I.cpu().double().numpy().reshape(grid.rows, grid.columns)
    return RelevanceMap(values, grid, method, target)


def _relative(one: Explanation, neutral: RelevanceMap) -> Explanation:
    each = tuple((word, own.relative_to(neutral)) for word, own in one.tokens)
    return replace(one, whole=one.whole.relative_to(neutral), tokens=each)
