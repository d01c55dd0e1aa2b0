"""Prefilled prompts in the form that decoding takes over, and that can be kept for a later draw."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from trial_sampler.hf.prefilling import Prefill
from trial_sampler.hf.shared_prefix import LayerStates, stacked, states_of
from trial_sampler.request import Request


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


class KeptPrompts:
    """The prompts of the latest requests, for draws of further trials of the same conversation and images.

    A prompt is known by its very `messages` and `images` objects, as `dataclasses.replace` hands them on.
    """

    def __init__(self, most: int) -> None:
        """Keep the `most` latest prompts."""
        self._most = most
        self._kept: OrderedDict[tuple[int, int], tuple[Request, Prompts]] = OrderedDict()

    def find(self, request: Request) -> Prompts | None:
        """Return the request's prompt if it is kept."""
        if (found := self._kept.get(_key(request))) is None:
            return None
        self._kept.move_to_end(_key(request))
        return found[1]

    def keep(self, requests: Sequence[Request], prompts: Prompts) -> None:
        """Keep the prompts of requests."""
        for index, request in enumerate(requests):
            self._kept[_key(request)] = (request, prompts.one(index))
            self._kept.move_to_end(_key(request))
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def _key(request: Request) -> tuple[int, int]:
    return id(request.messages), id(request.images)
