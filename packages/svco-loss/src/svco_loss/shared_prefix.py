"""Log-probabilities with each image encoded once and each prompt run once, both answers behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from svco_loss.attention_masks import attention_mask
from svco_loss.batches import PairBatch, TokenRows
from svco_loss.branches import BranchedRows, X, Y
from svco_loss.errors import BatchError, SvcoLossError
from svco_loss.image_tokens import check_image_tokens, token_types
from svco_loss.logps import PairLogps
from svco_loss.model_parts import ModelParts, model_parts
from svco_loss.projecting import Projection, Projector, projector


def pair_logps(
    model: Any, batch: PairBatch, *, chunk_tokens: int = 256, projection: Projection = "chunked"
) -> PairLogps:
    """Return the six log-probabilities of each pair from 2B image rows and B text rows; gradients flow.

    Equal to `plain_pair_logps` up to rounding. A mask hides each answer from the other, and both continue the prompt's
    positions. Logits are made of answer tokens alone, `chunk_tokens` at a time, reduced at once, and made again in the
    backward pass. The model's dropout stays as it is: configure it to 0 for sums that can be compared.

    Args:
        model: a LLaVA or Qwen-VL model of transformers with sdpa, eager or FlexAttention, or a `PeftModel` around one.
        batch: on the device of the model.
        chunk_tokens: answer tokens whose logits exist together: `chunk_tokens` * vocabulary * 4 bytes, three times.
        projection: "chunked" is plain torch. "liger" is the fused kernel of liger-kernel, which sizes its own chunks
            and needs a GPU and output embeddings that are a plain linear layer.

    Raises:
        UnsupportedModelError: flash attention, FlexAttention with gradients on a CPU, sliding windows, other model
            types, learned prompts, or output embeddings that the fused kernel cannot read.
        BatchError: image tokens and images do not fit together.
        SvcoLossError: a projection that is not known or not installed.

    Source: the six terms, S-VCO, arXiv 2502.13928. The shared prefix is a deliberate difference, in cost alone.
    """
    if chunk_tokens < 1:
        raise SvcoLossError(f"chunk_tokens must be 1 or more; got {chunk_tokens}.")
    parts = model_parts(model)
    project = projector(parts.head, projection, chunk_tokens=chunk_tokens)
    check_image_tokens(batch, parts.body, parts.image_token_id)
    images = {name: torch.cat([batch.images_a[name], batch.images_b[name]]) for name in batch.images_a}
    prompts = _above(batch.prompt_a, batch.prompt_b)
    answers = [_above(rows, rows) for rows in (batch.answer_x, batch.answer_y)]
    sums = _answer_logps(parts, prompts, answers[0], answers[1], images, project)
    (x_a, x_b), (y_a, y_b) = (sums[:, index].chunk(2) for index in (0, 1))
    alone = _answer_logps(parts, batch.prompt_none, batch.answer_x, batch.answer_y, {}, project)
    return PairLogps(x_a, x_b, alone[:, 0], y_b, y_a, alone[:, 1])


def _above(first: TokenRows, second: TokenRows) -> TokenRows:
    """Rows of both, the shorter padded on the right."""
    width = max(first.ids_B_T.shape[1], second.ids_B_T.shape[1])
    ids = [pad(rows.ids_B_T, (0, width - rows.ids_B_T.shape[1])) for rows in (first, second)]
    real = [pad(rows.is_real_B_T, (0, width - rows.is_real_B_T.shape[1])) for rows in (first, second)]
    return TokenRows(torch.cat(ids), torch.cat(real))


def _answer_logps(
    parts: ModelParts, prompt: TokenRows, x: TokenRows, y: TokenRows, images: Mapping[str, Tensor], project: Projector
) -> Tensor:
    """`(R, 2)`: summed log-probabilities of both answers behind each prompt."""
    filler = 0 if parts.image_token_id else 1
    rows = BranchedRows.of(prompt, x, y, filler)
    hidden_R_L_H = _hidden_states(parts, rows, images)
    is_answer, predictors = rows.answer_places()
    row_N, column_N = is_answer.nonzero(as_tuple=True)
    hidden_N_H = hidden_R_L_H[row_N, predictors[row_N, column_N]]
    logps_N = project(hidden_N_H, rows.ids_R_L[row_N, column_N])
    logps_R_L = logps_N.new_zeros(is_answer.shape).index_put((row_N, column_N), logps_N)
    return torch.stack([logps_R_L[:, rows.part_L == answer].sum(1) for answer in (X, Y)], dim=1)


def _hidden_states(parts: ModelParts, rows: BranchedRows, images: Mapping[str, Tensor]) -> Tensor:
    """`(R, L, hidden)`: the body's output, through its own `forward`."""
    inputs = {
        "input_ids": rows.ids_R_L,
        "attention_mask": attention_mask(rows, parts),
        "position_ids": rows.positions(_image_positions(parts, rows, images)),
    }
    try:
        return parts.body(**inputs, **images, use_cache=False).last_hidden_state
    except ValueError as error:
        if "do not match" not in str(error):
            raise
        raise BatchError(f"{error}. Was a prompt cut? Never cut image tokens.") from error


def _image_positions(parts: ModelParts, rows: BranchedRows, images: Mapping[str, Tensor]) -> Tensor | None:
    """`(3, R, P)`: the prompts' positions on the axes of M-RoPE; None for prompts on one axis."""
    if not images or not hasattr(parts.body, "get_rope_index"):
        return None
    ids = rows.ids_R_L[:, : rows.prompt_width]
    positions, _ = parts.body.get_rope_index(
        input_ids=ids,
        mm_token_type_ids=token_types(ids, parts.image_token_id),
        image_grid_thw=images["image_grid_thw"],
        attention_mask=rows.is_real_R_L[:, : rows.prompt_width],
    )
    return positions
