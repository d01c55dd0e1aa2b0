"""Attention of many trials behind prompts that are kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

_FIRST_ROOM = 32


@dataclass(frozen=True)
class Grid:
    """Where the R tokens of one step belong: B prompts with up to L lanes (trials under way) each."""

    slots_R: Tensor
    """int64; each token's prompt."""
    lanes_R: Tensor
    """int64; its lane there."""
    steps_B: Tensor
    """int64; how many own tokens the trials of each prompt hold already."""
    lanes: int
    """L."""
    most_steps: int
    """The largest of `steps_B`."""
    is_full: bool
    """True: the tokens are all B * L ones, in order."""
    own_mask_B_T: Tensor | None
    """bool; which own tokens exist, this step's included; None if all prompts are at the same step."""

    @classmethod
    def of(cls, slots_R: Tensor, lanes_R: Tensor, steps_B: Tensor, lanes: int) -> Grid:
        """Return the grid of the given places."""
        places_R, count = slots_R * lanes + lanes_R, len(steps_B) * lanes
        is_full = len(places_R) == count and bool((places_R == torch.arange(count, device=places_R.device)).all())
        most, least = int(steps_B.max()), int(steps_B.min())
        columns_T = torch.arange(most + 1, device=steps_B.device)
        mask = None if most == least else columns_T <= steps_B[:, None]
        return cls(slots_R, lanes_R, steps_B, lanes, most, is_full, mask)

    def spread(self, rows_R: Tensor) -> Tensor:
        """Put rows `(R, ...)` on the grid `(B, L, ...)`; empty places hold anything, and no other place reads them."""
        shape = (len(self.steps_B), self.lanes, *rows_R.shape[1:])
        if self.is_full:
            return rows_R.reshape(shape)
        grid = rows_R.new_empty(shape)
        grid[self.slots_R, self.lanes_R] = rows_R
        return grid

    def gather(self, grid_B_L: Tensor) -> Tensor:
        """Take the rows `(R, ...)` back from the grid."""
        return grid_B_L.flatten(0, 1) if self.is_full else grid_B_L[self.slots_R, self.lanes_R]


class LayerStates(NamedTuple):
    """What one layer keeps of B prompts."""

    keys_B_H_P_D: Tensor
    values_B_H_P_D: Tensor
    window: int | None
    """How many tokens back the layer sees, itself included; None: all."""


class SharedPrefixLayer(CacheLayerMixin):
    """One layer's keys and values: each prompt's once, and each trial's own ones behind it.

    Source: shared-prefix (bifurcated) attention, Athiwaratkun et al. 2024, arXiv 2403.08845; Juravsky et al. 2024,
    arXiv 2402.05099. Here with one soft-max over both parts instead of a merge of two.
    """

    def __init__(self, keys_B_H_P_D: Tensor, values_B_H_P_D: Tensor, window: int | None, lanes: int) -> None:
        super().__init__()
        self.prompt_keys, self.prompt_values, self.window = keys_B_H_P_D, values_B_H_P_D, window
        self.own_keys, self.own_values = self._no_own(len(keys_B_H_P_D), lanes, 0)
        self.is_initialized = True
        self.grid: Grid | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Store this step's keys and values `(1, H, R, D)` at their places; return them as they are."""
        grid = self.grid
        assert grid is not None, "Grid is set before each step"
        if grid.most_steps >= self.own_keys.shape[3]:
            self._make_room(max(_FIRST_ROOM, 2 * self.own_keys.shape[3]))
        for own, states in ((self.own_keys, key_states), (self.own_values, value_states)):
            rows_R_H_D = states[0].transpose(0, 1)
            if grid.own_mask_B_T is None:
                own[:, :, :, grid.most_steps] = grid.spread(rows_R_H_D)
            else:
                own[grid.slots_R, grid.lanes_R, :, grid.steps_B[grid.slots_R]] = rows_R_H_D
        return key_states, value_states

    def attend(self, queries_R_H_D: Tensor, scaling: float, mask_B_P: Tensor | None, softcap: float | None) -> Tensor:
        """Return the attention output `(R, H, D)` of one query for each trial under way."""
        grid = self.grid
        assert grid is not None, "Grid is set before each step"
        slots, heads, length, width = self.prompt_keys.shape
        queries = grid.spread(queries_R_H_D).unflatten(2, (heads, -1))  # B L K G D: K key heads with G queries each
        flat = queries.transpose(1, 2).reshape(slots, heads, -1, width)
        own_keys, own_values = (
            self.own_keys[:, :, :, : grid.most_steps + 1],
            self.own_values[:, :, :, : grid.most_steps + 1],
        )
        to_prompt = (flat @ self.prompt_keys.transpose(-1, -2)).unflatten(2, (grid.lanes, -1))  # B K L G P
        to_own = (queries @ own_keys.transpose(-1, -2)).transpose(1, 2)  # B K L G T
        scores = torch.cat([to_prompt, to_own], dim=-1).float() * scaling
        if softcap is not None:
            scores = softcap * torch.tanh(scores / softcap)
        seen = self._seen(mask_B_P)
        if seen is not None:
            scores.masked_fill_(~seen[:, None, None, None], -torch.inf)
        weights = scores.softmax(-1).to(queries.dtype)
        by_prompt = weights[..., :length].flatten(2, 3) @ self.prompt_values  # B K LG D
        by_own = weights[..., length:].transpose(1, 2) @ own_values  # B L K G D
        out = by_prompt.unflatten(2, (grid.lanes, -1)).transpose(1, 2) + by_own
        return grid.gather(out.flatten(2, 3))

    def keep(self, slots: Tensor, lanes_B_L: Tensor) -> None:
        """Keep the prompts `slots`, and of each the lanes `lanes_B_L`, in that order."""
        self.prompt_keys, self.prompt_values = self.prompt_keys[slots], self.prompt_values[slots]
        self.own_keys = self.own_keys[slots[:, None], lanes_B_L]
        self.own_values = self.own_values[slots[:, None], lanes_B_L]

    def append(self, newer: SharedPrefixLayer) -> None:
        """Add the prompts of another layer behind one's own; the shorter prompts are padded on the left."""
        self.prompt_keys = stacked([self.prompt_keys, newer.prompt_keys], lefts=(2,))
        self.prompt_values = stacked([self.prompt_values, newer.prompt_values], lefts=(2,))
        self.own_keys = stacked([self.own_keys, newer.own_keys])
        self.own_values = stacked([self.own_values, newer.own_values])

    def _seen(self, mask_B_P: Tensor | None) -> Tensor | None:
        """Return which keys `(B, P + T)` the step's queries see; None: all."""
        grid = self.grid
        assert grid is not None, "Grid is set before each step"
        length, own = self.prompt_keys.shape[2], grid.own_mask_B_T
        if mask_B_P is None and own is None and self.window is None:
            return None
        device = self.prompt_keys.device
        slots = len(grid.steps_B)
        prompt = (
            torch.ones(slots, length, dtype=torch.bool, device=device) if mask_B_P is None else mask_B_P[:, -length:]
        )
        own = torch.ones(slots, grid.most_steps + 1, dtype=torch.bool, device=device) if own is None else own
        seen = torch.cat([prompt.bool(), own], dim=1)
        if self.window is not None:
            columns = torch.arange(-length, grid.most_steps + 1, device=device)
            seen = seen & (grid.steps_B[:, None] - columns < self.window)
        return seen

    def _no_own(self, slots: int, lanes: int, room: int) -> tuple[Tensor, Tensor]:
        """Zeros, not garbage: what no trial has written yet is weighted with zero, and zero times NaN is NaN."""
        heads = self.prompt_keys.shape[1]
        widths = (self.prompt_keys.shape[3], self.prompt_values.shape[3])
        keys, values = (self.prompt_keys.new_zeros(slots, lanes, heads, room, width) for width in widths)
        return keys, values

    def _make_room(self, room: int) -> None:
        old_keys, old_values = self.own_keys, self.own_values
        used = old_keys.shape[3]
        self.own_keys, self.own_values = self._no_own(*old_keys.shape[:2], room)
        self.own_keys[:, :, :, :used], self.own_values[:, :, :, :used] = old_keys, old_values

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing is left to be made."""

    def get_seq_length(self) -> int:
        """Return the length of the longest sequence."""
        return self.prompt_keys.shape[2] + (self.grid.most_steps if self.grid else 0)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return the number of keys, and 0; no mask is made from it."""
        return self.get_seq_length() + query_length, 0

    def get_max_length(self) -> int:
        """Return -1: there is no limit."""
        return -1

    def get_max_cache_shape(self) -> int:
        """Return -1: there is no limit."""
        return -1


class SharedPrefixCache(Cache):
    """The cache of B prompts, each kept once for up to L trials."""

    def __init__(self, layers: Sequence[LayerStates], mask_B_P: Tensor, lanes: int) -> None:
        """Take over what the model keeps of left-padded prompts, and their mask (1 for tokens)."""
        super().__init__(layers=[SharedPrefixLayer(*states, lanes) for states in layers])
        self._mask_B_P = mask_B_P.bool()
        self._note_padding()

    @property
    def shared_layers(self) -> list[SharedPrefixLayer]:
        """The layers."""
        return cast("list[SharedPrefixLayer]", self.layers)

    def place(self, grid: Grid) -> None:
        """Say where the next step's tokens belong."""
        for layer in self.shared_layers:
            layer.grid = grid

    def keep(self, slots: Tensor, lanes_B_L: Tensor) -> None:
        """Keep the prompts `slots`, and of each the lanes `lanes_B_L`, in that order."""
        self._mask_B_P = self._mask_B_P[slots]
        self._note_padding()
        for layer in self.shared_layers:
            layer.keep(slots, lanes_B_L)

    def append(self, newer: SharedPrefixCache) -> None:
        """Add the prompts of another cache behind one's own."""
        self._mask_B_P = stacked([self._mask_B_P, newer._mask_B_P], lefts=(1,))
        self._note_padding()
        for layer, new in zip(self.shared_layers, newer.shared_layers, strict=True):
            layer.append(new)

    def attend(
        self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float, softcap: float | None
    ) -> Tensor:
        """Return one layer's attention output `(1, R, H, D)`; the layer holds the new keys and values already."""
        queries_R_H_D = query[0].transpose(0, 1)
        return self.shared_layers[layer].attend(queries_R_H_D, scaling, self._padding_B_P, softcap)[None]

    def _note_padding(self) -> None:
        self._padding_B_P = None if bool(self._mask_B_P.all()) else self._mask_B_P


def can_share(cache: Any, layers: int) -> bool:
    """Whether a prefilled cache is plain attention in each of the text model's layers.

    Recurrent states cannot be shared; nor can layers that borrow another layer's keys, or attend to an encoder.
    """
    kinds = {type(layer) for layer in getattr(cache, "layers", [])}
    return type(cache) is DynamicCache and len(cache) == layers and kinds <= {DynamicLayer, DynamicSlidingWindowLayer}


def states_of(cache: Cache) -> list[LayerStates]:
    """Return what each layer of a prefilled cache holds."""
    return [layer_states(layer) for layer in cache.layers]


def layer_states(layer: Any) -> LayerStates:
    """Return what one layer of a prefilled cache holds."""
    return LayerStates(layer.keys, layer.values, getattr(layer, "sliding_window", None))


def stacked(parts: Sequence[Tensor], lefts: tuple[int, ...] = ()) -> Tensor:
    """Concatenate along the first axis; other axes grow to the largest of all, on the left for those in `lefts`."""
    shape = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    whole = parts[0].new_zeros(sum(map(len, parts)), *shape)
    start = 0
    for part in parts:
        places = [slice(start, start + len(part))]
        for axis, (size, most) in enumerate(zip(part.shape[1:], shape, strict=True), start=1):
            places.append(slice(most - size, most) if axis in lefts else slice(0, size))
        whole[tuple(places)] = part
        start += len(part)
    return whole
