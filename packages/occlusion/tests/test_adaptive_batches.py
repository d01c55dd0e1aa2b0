from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from occlusion.adaptive_batches import AdaptiveBatches, unless_out_of_memory
from occlusion.errors import OcclusionError


def act_with_room(room: int, tried: list[int]) -> Any:
    def act(batch: Sequence[int]) -> list[int]:
        import torch

        tried.append(len(batch))
        if sum(batch) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [10 * item for item in batch]

    return act


def too_large(item: int) -> int:
    return -item


def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost_or_done_twice() -> None:
    tried: list[int] = []
    batches = AdaptiveBatches(5, name="batch_size")
    assert batches.run([1, 1, 1, 1, 1, 1, 4, 3], act_with_room(4, tried), too_large) == [*[10] * 6, 40, 30]
    assert tried == [5, 2, 2, 2, 2, 1, 1]  # 4 and 3 together do not fit in 4.
    assert batches.size == 1


def test_one_item_that_does_not_fit_has_a_reason_and_its_neighbours_are_unharmed() -> None:
    batches = AdaptiveBatches(3, name="batch_size")
    assert batches.run([1, 9, 2], act_with_room(4, []), too_large) == [10, -9, 20]


def test_other_errors_pass() -> None:
    def act(_: Sequence[int]) -> list[int]:
        raise RuntimeError("no kernel")

    with pytest.raises(RuntimeError, match="no kernel"):
        AdaptiveBatches(2, name="batch_size").run([1, 2], act, too_large)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    ],
)
def test_every_device_has_its_own_words_for_a_lack_of_memory(error: Exception) -> None:
    def act() -> int:
        raise error

    assert unless_out_of_memory(act) is None
    assert unless_out_of_memory(lambda: 7) == 7


def test_a_size_below_one_is_refused_by_its_name() -> None:
    with pytest.raises(OcclusionError, match="phrases_per_batch must be 1 or more; got 0") as caught:
        AdaptiveBatches(0, name="phrases_per_batch")
    assert caught.value.reason == "bad_option"


def test_the_size_comes_back_after_many_full_batches_and_each_halving_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried: list[int] = []
    batches = AdaptiveBatches(5, name="batch_size")
    with caplog.at_level("WARNING"):
        batches.run([1] * 5, act_with_room(1, tried), too_large)
    assert caplog.messages == [
        "batch_size is now 2: 5 ran out of memory",
        "batch_size is now 1: 2 ran out of memory",
    ]
    assert tried == [5, 2, 1, 1, 1, 1, 1]
    batches.run([1] * 27, act_with_room(99, tried), too_large)
    assert batches.size == 2  # 5 and 27 make 32.
    batches.run([1] * 63, act_with_room(99, tried), too_large)
    assert batches.size == 2  # The last one was not full.
    batches.run([1] * 2, act_with_room(99, tried), too_large)
    assert batches.size == 4
    batches.run([1] * 128, act_with_room(99, tried), too_large)
    assert batches.size == 5  # No more than at first.
    batches.run([1] * 400, act_with_room(99, tried), too_large)
    assert batches.size == 5
