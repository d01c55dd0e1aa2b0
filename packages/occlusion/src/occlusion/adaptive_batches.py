"""Batches that adapt to memory: out of memory halves them, and the work goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from occlusion.errors import OcclusionError

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_LOGGER = logging.getLogger(__name__)
_GOOD_BATCHES = 32  # Full ones in a row, after which memory may be free again.
_WORDS = ("out of memory", "allocate memory", "not enough memory")  # CUDA and MPS; the CPU raises a plain RuntimeError.


class AdaptiveBatches:
    """Hands items out in batches, and remembers the largest size that fits.

    After 32 full batches without a failure the size doubles again, up to the one it began with: the memory may have
    been another's. Each halving is logged.

    >>> batches = AdaptiveBatches(3, name="batch_size")
    >>> batches.run([1, 2, 3, 4], lambda part: [len(part)] * len(part), lambda item: 0)
    [3, 3, 3, 1]
    """

    def __init__(self, size: int, *, name: str) -> None:
        """Begin with a size.

        Args:
            size: items of a batch, at most.
            name: what the caller calls the size, for the message of an error.

        Raises:
            OcclusionError: `bad_option`: less than 1.
        """
        if size < 1:
            raise OcclusionError("bad_option", f"{name} must be 1 or more; got {size}.")
        self.size = size
        """Items of a batch; halved whenever the memory does not suffice."""
        self._first_size, self._name, self._good = size, name, 0

    def run(
        self,
        items: Sequence[ItemT],
        work: Callable[[Sequence[ItemT]], Sequence[ResultT]],
        too_large: Callable[[ItemT], ResultT],
    ) -> list[ResultT]:
        """Return one result for each item, in order; out of memory halves the size, for the items to come too.

        Args:
            items: all of them.
            work: a batch to its results.
            too_large: the result of an item that does not fit alone.
        """
        results: list[ResultT] = []
        while len(results) < len(items):
            part = items[len(results) : len(results) + self.size]
            found = unless_out_of_memory(lambda part=part: work(part))
            if found is not None:
                results.extend(found)
                self._went_well(len(part))
            elif len(part) == 1:
                results.append(too_large(part[0]))
            else:
                self.size, self._good = len(part) // 2, 0
                _LOGGER.warning("%s is now %d: %d ran out of memory", self._name, self.size, len(part))
        return results

    def _went_well(self, items: int) -> None:
        self._good += items == self.size < self._first_size
        if self._good == _GOOD_BATCHES:
            self.size, self._good = min(2 * self.size, self._first_size), 0


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error is one of memory, on any device."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _WORDS)


def unless_out_of_memory(act: Callable[[], ResultT]) -> ResultT | None:
    """Return what `act` returns, or None where memory ran out; what it held is free again by then."""
    try:
        return act()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Here, not where the error is handled: it holds the tensors of the pass that failed.
    import torch

    if torch.accelerator.is_available():
        torch.accelerator.empty_cache()
    return None
