"""Questions and answers as model inputs, and where the answer's tokens are predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from roi_attention.errors import MapError
from roi_attention.relevance.targets import Targets


@dataclass(frozen=True)
class Asked:
    """B questions about images, with the targets of their answers."""

    inputs: dict[str, Tensor]
    """Of the processor, padded on the right, cut behind the last explained position."""
    targets: Targets
    said: list[str]
    """The answers as they stand in the sequence; empty where the model's own next token is explained."""


def encode_asked(
    model: Any,
    processor: Any,
    messages: Sequence[Sequence[Mapping[str, Any]]],
    images: Sequence[Sequence[Image.Image]],
    answers: Sequence[str | None],
) -> Asked:
    """Render dialogues with their answers and find where each answer's tokens are predicted.

    Args:
        model: decides the device and number type of the inputs.
        processor: with a chat template.
        messages: turns that end in a question.
        images: those of each dialogue, as the model is to see them.
        answers: the text to explain; None: the model's own next token.

    Raises:
        MapError: `answer` where the template renders a question otherwise once it is answered, or an answer has no
            token.
    """
    prompts = [_render(processor, turns, None) for turns in messages]
    wholes = [
        prompt if answer is None else _render(processor, turns, answer)
        for prompt, turns, answer in zip(prompts, messages, answers, strict=True)
    ]
    inputs = _encode(processor, wholes, images)
    lengths = [int(n) for n in inputs["attention_mask"].sum(-1)]
    spans = [
        _answer_places(processor, *one)
        for one in zip(prompts, wholes, lengths, inputs["input_ids"], images, strict=True)
    ]
    targets = _targets(spans, lengths, inputs["input_ids"])
    last = int(targets.positions_B_T.max()) + 1
    kind = next(model.parameters()).dtype
    cut = {name: _cut(value, inputs["input_ids"].shape, last) for name, value in inputs.items()}
    placed = {k: v.to(model.device, kind if v.is_floating_point() else v.dtype) for k, v in cut.items()}
    said = [
        processor.tokenizer.decode(ids[span[0] : span[-1] + 1]) if span else ""
        for ids, span in zip(inputs["input_ids"], spans, strict=True)
    ]
    on_device = Targets(
        *(value.to(model.device) for value in (targets.positions_B_T, targets.tokens_B_T, targets.weights_B_T))
    )
    return Asked(placed, on_device, said)


def _render(processor: Any, turns: Sequence[Mapping[str, Any]], answer: str | None) -> str:
    if answer is None:
        return processor.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=True)
    said = {"role": "assistant", "content": [{"type": "text", "text": answer}]}
    return processor.apply_chat_template([*turns, said], tokenize=False)


def _encode(processor: Any, texts: Sequence[str], images: Sequence[Sequence[Image.Image]]) -> dict[str, Tensor]:
    bos = processor.tokenizer.bos_token
    return dict(
        processor(
            text=list(texts),
            images=[list(own) for own in images] if images[0] else None,
            add_special_tokens=not (bos and texts[0].startswith(bos)),
            padding=True,
            padding_side="right",
            return_tensors="pt",
        )
    )


def _answer_places(
    processor: Any, prompt: str, whole: str, length: int, ids: Tensor, images: Sequence[Image.Image]
) -> list[int]:
    """Positions of the answer's own tokens: not the layout behind it, not special tokens, not mere punctuation."""
    if prompt == whole:
        return []
    before = _encode(processor, [prompt], [images])["input_ids"][0]
    if not whole.startswith(prompt) or not torch.equal(ids[: len(before)], before):
        raise MapError("answer", "the chat template renders the question otherwise once it is answered.")
    special = set(processor.tokenizer.all_special_ids)
    words = {k: processor.tokenizer.decode(ids[k : k + 1]) for k in range(len(before), length)}
    places = [k for k, word in words.items() if int(ids[k]) not in special and word.strip()]
    telling = [k for k in places if any(c.isalnum() for c in words[k])]
    if not places:
        raise MapError("answer", "the answer has no token to explain.")
    return telling or places


def _targets(spans: Sequence[Sequence[int]], lengths: Sequence[int], ids_B_N: Tensor) -> Targets:
    """One row a sample, filled up on the left with targets of weight 0."""
    most = max(1, *(len(span) for span in spans))
    positions = torch.tensor([[length - 1] * most for length in lengths])
    tokens = torch.full_like(positions, -1)
    weights = torch.zeros(positions.shape, dtype=torch.float64)
    for row, span in enumerate(spans):
        count = max(1, len(span))
        weights[row, most - count :] = 1.0 / count
        if span:
            places = torch.tensor(span)
            positions[row] = places[-1] - 1
            positions[row, most - count :] = places - 1
            tokens[row, most - count :] = ids_B_N[row, places]
    return Targets(positions, tokens, weights)


def _cut(value: Tensor, shape: torch.Size, last: int) -> Tensor:
    return value[:, :last] if value.shape == shape else value
