"""One forward pass over the different ends of prompts whose beginnings are kept, each beginning read where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trial_sampler.hf.network import Network
from trial_sampler.hf.prompt_inputs import PromptInputs, prompt_positions
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.hf.shared_attention import attending
from trial_sampler.hf.shared_prefix import LayerStates


@torch.inference_mode()
def logits_behind(network: Network, rows: Sequence[PromptInputs], prefixes: Sequence[Prefix]) -> Tensor:
    """Return the logits `(B, V)` of what follows each prompt; nothing of what follows its prefix is kept.

    At least one token of each prompt must be left, and no image. All tokens that are left run as one sequence; those of
    one kept prompt attend to its one copy, whatever their number.
    """
    order = _by_kept_prompt(prefixes)
    starts = [prefixes[row].length for row in order]
    rests = [len(rows[row].content) - start for row, start in zip(order, starts, strict=True)]
    ids = [rows[row].content.ids_P[start:] for row, start in zip(order, starts, strict=True)]
    positions = prompt_positions(network, [rows[row] for row in order])
    tokens = [positions[..., index, -rest:] for index, rest in enumerate(rests)]
    device = network.model.device
    with attending(network.decoder, _Branches.of([prefixes[row] for row in order], rests, device)):
        output = network.model(
            input_ids=torch.cat(ids).to(device)[None],
            position_ids=torch.cat(tokens, dim=-1).unsqueeze(-2),
            use_cache=False,
            logits_to_keep=torch.tensor(rests, device=device).cumsum(0) - 1,
        )
    logits_B_V = torch.empty_like(output.logits[0])
    logits_B_V[torch.tensor(order, device=device)] = output.logits[0]
    return logits_B_V


def _by_kept_prompt(prefixes: Sequence[Prefix]) -> list[int]:
    """Return the indices of prefixes with those of one kept prompt next to one another."""
    groups: dict[int, list[int]] = {}
    for index, prefix in enumerate(prefixes):
        groups.setdefault(id(prefix.prompts), []).append(index)
    return [index for group in groups.values() for index in group]


@dataclass(frozen=True)
class _Bundle:
    """L ends of up to S tokens, which begin behind the first tokens of one kept prompt."""

    prompts: Prompts
    """The kept prompt alone."""
    starts_L: Tensor
    """int64; how many of its tokens each end has before it."""
    places_T: Tensor
    """int64; of each token of these ends, end by end: its place among L * S."""
    tokens: slice
    """Where these T tokens lie in the sequence that the model runs."""
    shape: tuple[int, int]
    """L and S."""
    _seen: dict[tuple[int | None, int], Tensor] = field(default_factory=dict[tuple[int | None, int], Tensor])

    def attend(
        self, layer: LayerStates, states: tuple[Tensor, Tensor, Tensor], scaling: float, softcap: float | None
    ) -> Tensor:
        """Return the attention output `(T, H, D)` for queries, keys and values `(T, H or K, D)` of one layer."""
        keys_P, values_P, first = self._of_prompt(layer)  # K P D
        heads = len(keys_P)
        queries, keys, values = (self._spread(one).unflatten(2, (heads, -1)) for one in states)  # L S K G D
        queries = queries.permute(2, 0, 3, 1, 4)  # K L G S D
        keys, values = (one.squeeze(3).permute(2, 0, 1, 3) for one in (keys, values))  # K L S D
        to_prompt = (queries.flatten(1, 3) @ keys_P.mT).unflatten(1, queries.shape[1:4])
        to_own = (queries.flatten(2, 3) @ keys.mT).unflatten(2, queries.shape[2:4])
        scores = torch.cat([to_prompt, to_own], dim=-1).float() * scaling  # K L G S P+S
        if softcap is not None:
            scores = softcap * torch.tanh(scores / softcap)
        scores.masked_fill_(~self._seen_L_S(layer.window, first)[:, None], -torch.inf)
        weights = scores.softmax(-1).to(queries.dtype)
        length = keys_P.shape[1]
        by_prompt = (weights[..., :length].flatten(1, 3) @ values_P).unflatten(1, queries.shape[1:4])
        by_own = (weights[..., length:].flatten(2, 3) @ values).unflatten(2, queries.shape[2:4])
        out_L_S_H_D = (by_prompt + by_own).permute(1, 3, 0, 2, 4).flatten(2, 3)
        return out_L_S_H_D.flatten(0, 1)[self.places_T]

    def _of_prompt(self, layer: LayerStates) -> tuple[Tensor, Tensor, int]:
        """Return keys and values `(K, P, D)` of the tokens that any end sees, and the index of the first token."""
        padded = self.prompts.mask_B_P.shape[1]
        padding = padded - int(self.prompts.mask_B_P.sum())
        dropped = padded - layer.keys_B_H_P_D.shape[2]  # a window keeps the last columns
        first = max(padding, dropped)
        columns = slice(first - dropped, padding + int(self.starts_L.max()) - dropped)
        return layer.keys_B_H_P_D[0, :, columns], layer.values_B_H_P_D[0, :, columns], first - padding

    def _spread(self, states_T_H_D: Tensor) -> Tensor:
        """Put tokens on the grid `(L, S, H, D)`; zeros, not garbage, where an end is shorter."""
        lanes, steps = self.shape
        if len(states_T_H_D) == lanes * steps:
            return states_T_H_D.unflatten(0, self.shape)
        grid = states_T_H_D.new_zeros(lanes * steps, *states_T_H_D.shape[1:])
        grid[self.places_T] = states_T_H_D
        return grid.unflatten(0, self.shape)

    def _seen_L_S(self, window: int | None, first: int) -> Tensor:
        """Return which of the prompt's tokens from `first` on and of its own an end's token sees, `(L, S, P + S)`."""
        if (window, first) not in self._seen:
            device, starts = self.starts_L.device, self.starts_L[:, None, None]
            steps = torch.arange(self.shape[1], device=device)
            tokens_P = torch.arange(first, int(self.starts_L.max()), device=device).expand(len(starts), 1, -1)
            keys = torch.cat([tokens_P, starts + steps], dim=-1)
            is_own = torch.arange(keys.shape[-1], device=device) >= tokens_P.shape[-1]
            distances = starts + steps[:, None] - keys
            seen = (distances >= 0) & (is_own | (keys < starts))
            self._seen[window, first] = seen if window is None else seen & (distances < window)
        return self._seen[window, first]


@dataclass(frozen=True)
class _Branches:
    """The ends of all kept prompts in one pass."""

    bundles: list[_Bundle]

    @classmethod
    def of(cls, prefixes: Sequence[Prefix], rests: Sequence[int], device: torch.device) -> _Branches:
        """Bundle prefixes of one kept prompt, which lie next to one another, with the lengths of what follows them."""
        bundles: list[_Bundle] = []
        begin = token = 0
        while begin < len(prefixes):
            end = begin + sum(one.prompts is prefixes[begin].prompts for one in prefixes[begin:])
            lengths, steps = rests[begin:end], max(rests[begin:end])
            places = [lane * steps + step for lane, length in enumerate(lengths) for step in range(length)]
            bundles.append(
                _Bundle(
                    prefixes[begin].prompts,
                    torch.tensor([one.length for one in prefixes[begin:end]], device=device),
                    torch.tensor(places, device=device),
                    slice(token, token + len(places)),
                    (len(lengths), steps),
                )
            )
            begin, token = end, token + len(places)
        return cls(bundles)

    def attend(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, softcap: float | None
    ) -> Tensor:
        """Return one layer's attention output `(1, R, H, D)`, for the new tokens' states `(1, H or K, R, D)`."""
        states = [one[0].transpose(0, 1) for one in (query, key, value)]
        parts = [
            bundle.attend(
                bundle.prompts.layers[layer],
                (states[0][bundle.tokens], states[1][bundle.tokens], states[2][bundle.tokens]),
                scaling,
                softcap,
            )
            for bundle in self.bundles
        ]
        return torch.cat(parts)[None]
