"""The epoch that a training is in, known to the processes that make its batches."""

from __future__ import annotations

from typing import Any

from llava_train.extras import require


class SharedEpoch:
    """A number that data-loading processes see change, also those that stay from epoch to epoch."""

    def __init__(self) -> None:
        self._number = require("torch").zeros((), dtype=require("torch").int64).share_memory_()

    @property
    def number(self) -> int:
        """Whole epochs done, 0 in the first."""
        return int(self._number)

    @number.setter
    def number(self, value: int) -> None:
        self._number.fill_(value)


def epoch_callback(epoch: SharedEpoch) -> Any:
    """A callback for transformers' trainer that keeps the epoch; a continued training counts from its first start."""

    class KeepEpoch(require("transformers").TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, train_dataloader: Any, **_: Any) -> None:
            # as the trainer counts; its own `state.epoch` is a fraction that rounding moves
            steps = max(-(-len(train_dataloader) // args.gradient_accumulation_steps), 1)
            epoch.number = state.global_step // steps

    return KeepEpoch()
