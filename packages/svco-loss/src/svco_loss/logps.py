"""The six log-probabilities of a pair of images and their texts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor

from svco_loss.errors import LogpsError


@dataclass(frozen=True)
class PairLogps:
    """Summed log-probabilities of texts x and y, with image a (that of x), with b (that of y), and with none.

    Each is a floating tensor `(B,)` in nats: the sum over the tokens of the answer, its end token included.

    Raises:
        LogpsError: the six are not floating tensors `(B,)` of one B, at least 1.
    """

    x_given_a: Tensor
    """log p(x | a, q): the first text with its own image."""
    x_given_b: Tensor
    """log p(x | b, q): the first text with the other image."""
    x_given_none: Tensor
    """log p(x | q): the first text without an image."""
    y_given_b: Tensor
    """log p(y | b, q): the second text with its own image."""
    y_given_a: Tensor
    """log p(y | a, q): the second text with the other image."""
    y_given_none: Tensor
    """log p(y | q): the second text without an image."""

    def __post_init__(self) -> None:
        for name, values in self.by_name().items():
            if values.ndim != 1 or len(values) != len(self) or len(values) == 0:
                raise LogpsError(
                    f"{name} must have shape (B,) with the B >= 1 of x_given_a; got {tuple(values.shape)} beside "
                    f"{tuple(self.x_given_a.shape)}. Sum over the tokens of each answer first."
                )
            if not values.is_floating_point():
                raise LogpsError(f"{name} must be a floating tensor; got {values.dtype}. Pass log-probabilities.")

    def __len__(self) -> int:
        """Return B, the number of pairs."""
        return self.x_given_a.shape[0] if self.x_given_a.ndim else 0

    def by_name(self) -> dict[str, Tensor]:
        """Return the six tensors by the names of their fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def stacked(self) -> Tensor:
        """Return the six as one tensor `(6, B)`, in the order of the fields, such as a store of references keeps."""
        return torch.stack(list(self.by_name().values()))

    @classmethod
    def of_stacked(cls, logps_6_B: Tensor) -> Self:
        """Return what `stacked` was called on.

        Raises:
            LogpsError: the tensor is not `(6, B)`.

        >>> PairLogps.of_stacked(torch.zeros(6, 2)).x_given_a
        tensor([0., 0.])
        """
        if logps_6_B.ndim != 2 or logps_6_B.shape[0] != len(fields(cls)):
            raise LogpsError(f"stacked log-probabilities must have shape (6, B); got {tuple(logps_6_B.shape)}.")
        return cls(*logps_6_B)

    def swapped(self) -> Self:
        """Return the same pairs with (a, x) and (b, y) in each other's place."""
        return type(self)(
            self.y_given_b, self.y_given_a, self.y_given_none, self.x_given_a, self.x_given_b, self.x_given_none
        )

    def detached(self) -> Self:
        """Return the same values as constants."""
        return type(self)(*(values.detach() for values in self.by_name().values()))
