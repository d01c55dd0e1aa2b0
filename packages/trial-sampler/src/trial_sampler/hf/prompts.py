"""Prefilled prompts in the form that decoding takes over, and that can be kept for a later draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from trial_sampler.hf.prefilling import Prefill
from trial_sampler.hf.shared_prefix import LayerStates, stacked, states_of


class Prefix(NamedTuple):
    """The first tokens of one kept prompt."""

    layers: list[LayerStates]
    """Their keys and values without padding; of a sliding window as much as the next token sees."""
    length: int
    """Number of tokens."""
    prompts: Prompts
    """The kept prompt."""


@dataclass(frozen=True)
class Prompts:
    """What a model of plain attention keeps of B prompts, padded on the left to P tokens."""

    layers: Sequence[LayerStates]
    """Keys and values."""
    logits_B_V: Tensor
    """Logits of the first new token."""
    mask_B_P: Tensor
    """1 for tokens, 0 for padding."""
    positions_B_1: Tensor
    """Position of each prompt's last token; `(axes, B, 1)` where the model has several axes."""

    @classmethod
    def of(cls, prefill: Prefill) -> Prompts:
        """Return the prompts of a forward pass."""
        return cls(states_of(prefill.cache), prefill.logits_B_V, prefill.mask_B_P, prefill.positions_B_1)

    @classmethod
    def joined(cls, parts: Sequence[Prompts]) -> Prompts:
        """Return the prompts of all parts side by side."""
        if len(parts) == 1:
            return parts[0]
        layers = [
            LayerStates(
                stacked([states.keys_B_H_P_D for states in of_layer], lefts=(2,)),
                stacked([states.values_B_H_P_D for states in of_layer], lefts=(2,)),
                of_layer[0].window,
            )
            for of_layer in zip(*(part.layers for part in parts), strict=True)
        ]
        positions = stacked([part.positions_B_1.movedim(-2, 0) for part in parts]).movedim(0, -2)
        logits = stacked([part.logits_B_V for part in parts])
        return cls(layers, logits, stacked([part.mask_B_P for part in parts], lefts=(1,)), positions)

    def one(self, index: int) -> Prompts:
        """Return one of the prompts; its tensors are views."""
        row = slice(index, index + 1)
        layers = [
            LayerStates(states.keys_B_H_P_D[row], states.values_B_H_P_D[row], states.window) for states in self.layers
        ]
        return Prompts(layers, self.logits_B_V[row], self.mask_B_P[row], self.positions_B_1[..., row, :])

    def prefix(self, length: int) -> Prefix | None:
        """Return the first tokens of the only prompt, as views.

        None: a layer with a sliding window has dropped what the token behind them sees.
        """
        padded = self.mask_B_P.shape[1]
        start = padded - int(self.mask_B_P.sum())
        layers = [_first_tokens(states, start, length, padded) for states in self.layers]
        return None if None in layers else Prefix([states for states in layers if states is not None], length, self)


def _first_tokens(states: LayerStates, start: int, length: int, padded: int) -> LayerStates | None:
    dropped = padded - states.keys_B_H_P_D.shape[2]  # a window keeps the last columns
    first = start if states.window is None else start + max(0, length - states.window + 1)
    if first < dropped:
        return None
    columns = slice(first - dropped, start + length - dropped)
    return LayerStates(states.keys_B_H_P_D[:, :, columns], states.values_B_H_P_D[:, :, columns], states.window)
