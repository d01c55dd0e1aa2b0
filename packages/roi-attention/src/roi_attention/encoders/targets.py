"""Which class of a classifier is explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from roi_attention.errors import MapError


def chosen_classes(logits_B_C: Tensor, classes: Sequence[int] | None) -> Tensor:
    """The classes to explain, int64 `(B,)`: those given, or the most likely ones.

    Raises:
        MapError: `bad_classes` where they are not one class a sample.

    >>> chosen_classes(torch.tensor([[0.1, 0.7], [0.3, 0.2]]), None).tolist()
    [1, 0]
    """
    batch, count = logits_B_C.shape
    if classes is None:
        return logits_B_C.detach().argmax(-1)
    if len(classes) != batch or not all(0 <= index < count for index in classes):
        raise MapError("bad_classes", f"classes must be {batch} numbers from 0 to {count - 1}; got {list(classes)}.")
    return torch.tensor(list(classes), device=logits_B_C.device)


def class_name(model: Any, index: int) -> str:
    """The name that the model's config gives a class."""
    return str(model.config.id2label[index])
