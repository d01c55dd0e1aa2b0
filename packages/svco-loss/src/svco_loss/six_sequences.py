"""The same log-probabilities in the plain way: six whole sequences for each pair, all logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from svco_loss.batches import PairBatch, TokenRows
from svco_loss.image_tokens import check_image_tokens, token_types
from svco_loss.logps import PairLogps
from svco_loss.model_parts import without_peft


def plain_pair_logps(model: Any, batch: PairBatch) -> PairLogps:
    """Return the six log-probabilities of each pair from 4B sequences with image and 2B without.

    Asks nothing of the model but its own `forward`, and costs what that costs: each image is encoded twice, each prompt
    twice, and logits of every position are held. It is the reference that `pair_logps` is checked against.

    Raises:
        BatchError: image tokens and images do not fit together.
    """
    inner = without_peft(model)
    image_token_id = inner.config.image_token_id
    check_image_tokens(batch, inner.base_model, image_token_id)
    sides = [(batch.prompt_a, batch.images_a), (batch.prompt_b, batch.images_b)]
    pairs = [(prompt, answer) for prompt, _ in sides for answer in (batch.answer_x, batch.answer_y)]
    images = {name: torch.cat([side[name] for _, side in sides for _ in "xy"]) for name in batch.images_a}
    x_a, y_a, x_b, y_b = _sums(model, pairs, images, image_token_id)
    x_none, y_none = _sums(
        model, [(batch.prompt_none, answer) for answer in (batch.answer_x, batch.answer_y)], {}, None
    )
    return PairLogps(x_a, x_b, x_none, y_b, y_a, y_none)


def _sums(
    model: Any, pairs: Sequence[tuple[TokenRows, TokenRows]], images: Mapping[str, Tensor], image_token_id: int | None
) -> list[Tensor]:
    """For each of the (prompts, answers): `(B,)`, summed log-probabilities of the answers."""
    prompts = [row for prompt, _ in pairs for row in prompt.real_rows()]
    answers = [row for _, answer in pairs for row in answer.real_rows()]
    whole = [torch.cat(both) for both in zip(prompts, answers, strict=True)]
    ids = torch.nn.utils.rnn.pad_sequence(whole, batch_first=True)
    lengths = torch.tensor([len(row) for row in whole], device=ids.device)
    inputs: dict[str, Tensor] = {"input_ids": ids, **images}
    inputs["attention_mask"] = (torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]).long()
    if "image_grid_thw" in images and image_token_id is not None:
        inputs["mm_token_type_ids"] = token_types(ids, image_token_id)
    logits = model(**inputs, use_cache=False).logits
    logps = logits[:, :-1].to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(-1)
    found = logps.gather(2, ids[:, 1:, None])[..., 0]
    sums = [found[row, len(prompt) - 1 : len(whole[row]) - 1].sum() for row, prompt in enumerate(prompts)]
    return list(torch.stack(sums).chunk(len(pairs)))
