"""One forward pass over what is left of prompts whose first tokens are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from trial_sampler.hf.cache_names import cache_argument, cache_of
from trial_sampler.hf.network import Network
from trial_sampler.hf.prompt_inputs import PromptInputs, image_inputs, prompt_positions, token_inputs
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.hf.shared_prefix import LayerStates, layer_states, stacked


@torch.inference_mode()
def continue_prompts(network: Network, rows: Sequence[PromptInputs], prefixes: Sequence[Prefix]) -> Prompts:
    """Run the model over the tokens and images behind each prompt's prefix; return the whole prompts.

    At least one token of each prompt must be left.
    """
    if len(rows) > 1 and any(states.window is not None for states in prefixes[0].layers):
        # Windows count columns: padding between a prefix and what follows would shorten them.
        return Prompts.joined(
            [continue_prompts(network, [row], [one]) for row, one in zip(rows, prefixes, strict=True)]
        )
    whole = network.placed(token_inputs(rows))
    positions = prompt_positions(network, rows)
    starts = [prefix.length for prefix in prefixes]
    rests = [len(row.content) - start for row, start in zip(rows, starts, strict=True)]
    seen_B_S = _last_columns(rests, whole["input_ids"])
    mask_B_CS = torch.cat([_last_columns(starts, whole["input_ids"]), seen_B_S], dim=1)
    output = network.model(
        input_ids=_without_prefix(whole["input_ids"], seen_B_S, network.model.config.image_token_id),
        attention_mask=mask_B_CS.long(),
        position_ids=positions[..., -max(rests) :],
        use_cache=True,
        logits_to_keep=1,
        **cache_argument(_cache_of(prefixes)),
        **network.placed(_rest_of_images(rows, starts)),
        **{name: whole[name] for name in ("token_type_ids",) if name in whole},  # of all tokens: it makes the mask
    )
    layers = _packed(cache_of(output), starts, rests)
    return Prompts(layers, output.logits[:, -1], whole["attention_mask"], positions[..., -1:])


def _last_columns(counts: Sequence[int], like: Tensor) -> Tensor:
    """Return a mask of each row's last columns."""
    columns = torch.arange(max(counts), 0, -1, device=like.device)
    return columns <= torch.tensor(counts, device=like.device)[:, None]


def _without_prefix(ids_B_P: Tensor, seen_B_S: Tensor, image_token: int) -> Tensor:
    """Cut off the prefixes; what shorter rows have before them stands for no image, since models count those."""
    filler = 0 if image_token else 1
    return ids_B_P[:, -seen_B_S.shape[1] :].masked_fill(~seen_B_S, filler)


def _rest_of_images(rows: Sequence[PromptInputs], starts: Sequence[int]) -> dict[str, Tensor]:
    return image_inputs(
        share
        for row, start in zip(rows, starts, strict=True)
        for share in row.of_images[row.content.pictures_within(start) :]
    )


def _cache_of(prefixes: Sequence[Prefix]) -> DynamicCache:
    """Return the prefixes as a cache of the model's own kind, padded on the left."""
    cache = DynamicCache()
    of_layers = zip(*(prefix.layers for prefix in prefixes), strict=True)
    cache.layers.extend(_layer_of(rows, prefixes[0].length) for rows in of_layers)
    return cache


def _layer_of(rows: Sequence[LayerStates], length: int) -> DynamicLayer:
    window = rows[0].window
    layer = DynamicLayer() if window is None else DynamicSlidingWindowLayer(window)
    keys, values = (
        parts[0] if len(parts) == 1 else stacked(parts, lefts=(2,))
        for parts in ([row.keys_B_H_P_D for row in rows], [row.values_B_H_P_D for row in rows])
    )
    layer.lazy_initialization(keys, values)
    layer.keys, layer.values = keys, values
    if isinstance(layer, DynamicSlidingWindowLayer):
        layer.cumulative_length = length
    return layer


def _packed(cache: Any, starts: Sequence[int], rests: Sequence[int]) -> list[LayerStates]:
    """Return what each layer keeps, with no padding left between a prefix and what follows it.

    Takes the layers out of the cache one by one, so that not all of them exist twice at a time.
    """
    is_packed = len(set(starts)) == len(set(rests)) == 1
    taken = (layer_states(cache.layers.pop(0)) for _ in range(len(cache.layers)))
    return [states if is_packed else _without_holes(states, starts, rests) for states in taken]


def _without_holes(states: LayerStates, starts: Sequence[int], rests: Sequence[int]) -> LayerStates:
    keys, values = (
        stacked(
            [
                _contiguous(part[[row]], max(starts), start, rest)
                for row, (start, rest) in enumerate(zip(starts, rests, strict=True))
            ],
            lefts=(2,),
        )
        for part in (states.keys_B_H_P_D, states.values_B_H_P_D)
    )
    return LayerStates(keys, values, states.window)


def _contiguous(states_1_H_CS_D: Tensor, border: int, start: int, rest: int) -> Tensor:
    """Return the last `start` columns before the border and the last `rest` ones of all."""
    before, behind = states_1_H_CS_D[:, :, border - start : border], states_1_H_CS_D[:, :, -rest:]
    return torch.cat([before, behind], dim=2)
