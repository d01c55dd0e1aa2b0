"""The key-value cache of a prompt, handed to its trials, with room for what they will write."""

from __future__ import annotations

from typing import Any, cast

from torch import LongTensor, Tensor
from transformers.cache_utils import Cache, DynamicLayer


class RoomyLayer(DynamicLayer):
    """A cache layer that writes new keys and values into room made beforehand.

    `DynamicLayer` copies the whole cache at every step; with many sequences that costs as much as the model.
    """

    keys: Tensor
    values: Tensor

    def __init__(self, keys: Tensor, values: Tensor, rows_R: Tensor, room: int) -> None:
        super().__init__()
        self.key_room_R_H_S_D = _with_room(keys, rows_R, room)
        self.value_room_R_H_S_D = _with_room(values, rows_R, room)
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self._show(keys.shape[-2])

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Append keys and values `(R, H, T, D)` and return all of them."""
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        self.key_room_R_H_S_D[:, :, start:end] = key_states
        self.value_room_R_H_S_D[:, :, start:end] = value_states
        self._show(end)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """Keep the rows `beam_idx`."""
        self.key_room_R_H_S_D = self.key_room_R_H_S_D.index_select(0, beam_idx)
        self.value_room_R_H_S_D = self.value_room_R_H_S_D.index_select(0, beam_idx)
        self._show(self.get_seq_length())

    def _show(self, length: int) -> None:
        self.keys = self.key_room_R_H_S_D[:, :, :length]
        self.values = self.value_room_R_H_S_D[:, :, :length]


def _with_room(states_B_H_P_D: Tensor, rows_R: Tensor, room: int) -> Tensor:
    _, heads, length, width = states_B_H_P_D.shape
    roomy = states_B_H_P_D.new_empty(len(rows_R), heads, length + room, width)
    roomy[:, :, :length] = states_B_H_P_D.index_select(0, rows_R)
    return roomy


def spread_cache(cache: Cache, rows_R: Tensor, room: int) -> None:
    """Give each row r a copy of prompt `rows_R[r]`'s cache and room for `room` tokens, in place.

    Layers of other kinds (sliding windows, linear attention) keep transformers' own way of growing.
    """
    for index, layer in enumerate(cache.layers):
        if type(layer) is DynamicLayer and layer.keys is not None and layer.values is not None:
            cache.layers[index] = RoomyLayer(layer.keys, layer.values, rows_R, room)
        else:
            layer.reorder_cache(cast(LongTensor, rows_R))
