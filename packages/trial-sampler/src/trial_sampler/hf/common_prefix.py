"""What two prompts begin with in common, so that keys and values of the one serve the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

# Running some prompts apart from others costs about one more pass over the weights: not worth it for a few tokens.
_WORTH_TOKENS, _WORTH_SHARE = 32, 0.25


class Picture(NamedTuple):
    """One image of a prompt and its tokens."""

    digest: bytes
    """Hash of its size and pixels."""
    start: int
    """Index of its first token."""
    end: int
    """Index behind its last token."""


@dataclass(frozen=True)
class Content:
    """Tokens and images of one prompt: all that decides its keys and values."""

    ids_P: Tensor
    """int64, on the CPU, without padding."""
    pictures: tuple[Picture, ...] = ()
    """In order."""

    @cached_property
    def numbers_P(self) -> NDArray[np.int64]:
        """The tokens for numpy, which compares a pair of prompts in a third of the time."""
        return self.ids_P.numpy()

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.numbers_P)

    def pictures_within(self, length: int) -> int:
        """Return how many images lie within the first `length` tokens."""
        return sum(picture.end <= length for picture in self.pictures)

    def gains_from(self, length: int, having: int = 0) -> bool:
        """Whether having the first `length` tokens, not `having`, is worth it: an image, or many of the tokens."""
        images = self.pictures_within(length) - self.pictures_within(having)
        return images > 0 or length - having >= max(_WORTH_TOKENS, _WORTH_SHARE * len(self))


def common_prefix(old: Content, new: Content) -> int:
    """Return how many of the first tokens of `new` are those of `old`, images included.

    The prefix never ends inside an image. It holds all tokens only if the prompts are equal: otherwise at least one is
    left, which the model must run to say what comes next.

    >>> import torch
    >>> cat, dog = Picture(b"cat", 1, 3), Picture(b"dog", 1, 3)
    >>> old = Content(torch.tensor([5, 3, 3, 6]), (cat,))
    >>> common_prefix(old, Content(torch.tensor([5, 3, 3, 6, 7]), (cat,)))
    4
    >>> common_prefix(old, Content(torch.tensor([5, 3, 3, 6, 7]), (dog,)))
    1
    """
    most = min(len(old), len(new))
    is_same = old.numbers_P[:most] == new.numbers_P[:most]
    length = most if is_same.all() else int(is_same.argmin())
    if length == len(new) < len(old):
        length -= 1
    for index, picture in enumerate(new.pictures):
        if picture.start >= length:
            break
        if old.pictures[index : index + 1] != (picture,) or picture.end > length:
            return picture.start
    return length
