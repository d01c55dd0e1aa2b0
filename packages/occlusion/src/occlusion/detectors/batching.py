"""Batches that adapt to memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from occlusion.detections import Undetected

Item = TypeVar("Item")
Result = TypeVar("Result")

TOO_LARGE = Undetected("out_of_memory", "the image alone ran out of memory. Make it smaller, or give fewer phrases.")


class MemoryBatches:
    """Runs items in batches; one that does not fit in the GPU's memory is run again at half the size.

    The smaller size stays for what comes after.
    """

    def __init__(self, size: int) -> None:
        """Begin with this many items in a batch."""
        self.size = size

    def run(
        self, items: Sequence[Item], act: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> list[Result | Undetected]:
        """Return what `act` returns for each item, in order; `out_of_memory` for an item that does not fit alone."""
        results: list[Result | Undetected] = []
        while len(results) < len(items):
            batch = items[len(results) : len(results) + self.size]
            found = _attempt(batch, act)
            if found is not None:
                results.extend(found)
            elif len(batch) == 1:
                results.append(TOO_LARGE)
            else:
                self.size = len(batch) // 2
        return results


def _attempt(batch: Sequence[Item], act: Callable[[Sequence[Item]], Sequence[Result]]) -> Sequence[Result] | None:
    """Return the results, or None when memory ran out; nothing of the attempt is held then."""
    import torch

    try:
        return act(batch)
    except torch.OutOfMemoryError:
        pass
    torch.cuda.empty_cache()
    return None
