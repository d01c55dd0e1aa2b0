"""Batches made beside the training, and how long it waited for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from llava_train.extras import require

_SECONDS = "encode_seconds"
"""Name under which a batch carries what it took to make, on its way from a worker to the loop."""


@dataclass(frozen=True)
class Loading:
    """What making batches cost a training, since it was last started."""

    workers: int
    """Processes that made batches beside it; 0 where it made them itself."""
    steps_s: float
    """Seconds of all steps, waiting counted and checkpoints not."""
    waited_share: float
    """Part of the steps' time in which the loop waited for batches, 0 to 1."""
    busy_share: float | None
    """Part of the steps' time in which a worker was at work, on average, 0 to 1; None without workers."""


class LoadingClock:
    """Adds up how long steps, waiting and encoding take."""

    def __init__(self, workers: int, now: Callable[[], float] = time.perf_counter) -> None:
        self._workers = workers
        self._now = now
        self._began: float | None = None
        self._steps_s = self._waited_s = self._encode_s = 0.0

    def waiting(self, batches: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The batches of a step, which begins now, without what they carry for the clock."""
        self._began = self._now()
        iterator = iter(batches)
        while True:
            asked = self._now()
            batch = next(iterator, None)
            self._waited_s += self._now() - asked
            if batch is None:
                return
            self._encode_s += batch.pop(_SECONDS)
            yield batch

    def end_step(self) -> None:
        """The step that began is done; without one, nothing happens."""
        if self._began is not None:
            self._steps_s += self._now() - self._began
            self._began = None

    def read(self) -> Loading:
        """What has been added up; shares are 0 where no step was made."""
        steps_s = self._steps_s or float("inf")
        busy = self._encode_s / (self._workers * steps_s) if self._workers else None
        return Loading(self._workers, self._steps_s, self._waited_s / steps_s, busy)


class TimedCollator:
    """A collator that notes in each batch how long it took to make."""

    def __init__(self, collate: Callable[[Any], dict[str, Any]]) -> None:
        self._collate = collate

    def __call__(self, rows: Any) -> dict[str, Any]:
        """The batch of some rows, with the seconds that it took."""
        start = time.perf_counter()
        batch = self._collate(rows)
        return batch | {_SECONDS: time.perf_counter() - start}


class TimedLoading:
    """Mixed into a trainer of transformers, before it among its bases: its order of rows, its workers, its clock."""

    args: Any
    clock: LoadingClock
    row_order: Any = None
    """A sampler with `set_epoch`; None for the trainer's own, a new shuffle each epoch."""

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if self.row_order is not None:
            return self.row_order
        return super()._get_train_sampler(train_dataset)  # type: ignore[misc]

    def get_train_dataloader(self) -> Any:
        """The trainer's, which draws nothing from the generator that dropout draws from, whatever the workers."""
        loader = super().get_train_dataloader()  # type: ignore[misc]
        loader.base_dataloader.generator = require("torch").Generator().manual_seed(self.args.seed)
        shard = loader.batch_sampler
        if not hasattr(shard, "sampler"):  # several devices: accelerate looks for it here to say which epoch it is
            shard.sampler = shard.batch_sampler.sampler
        return loader

    def get_batch_samples(self, epoch_iterator: Iterator[dict[str, Any]], num_batches: int, device: Any) -> Any:
        """The batches of one optimiser step, with the clock running."""
        timed = self.clock.waiting(epoch_iterator)
        return super().get_batch_samples(timed, num_batches, device)  # type: ignore[misc]

    def log(self, logs: dict[str, float], *more: Any, **named: Any) -> None:
        """Called after each step, when its loss has been read: a device has then done its work."""
        self.clock.end_step()
        super().log(logs, *more, **named)  # type: ignore[misc]


def loader_arguments(workers: int) -> dict[str, Any]:
    """Training arguments for that many workers, which stay from epoch to epoch and keep two batches ready each."""
    if not workers:
        return {"dataloader_num_workers": 0}
    return {
        "dataloader_num_workers": workers,
        "dataloader_persistent_workers": True,
        "dataloader_prefetch_factor": 2,
    }
