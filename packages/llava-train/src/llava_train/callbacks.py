"""What every trainer here does beside its steps: one bar, and an end when the loss is no number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from llava_train.errors import DivergedError
from llava_train.extras import require


def set_callbacks(trainer: Any, *, progress: bool, logs: Path) -> None:
    """Stop the training once its loss is not finite; draw one bar with the loss, or nothing without a terminal.

    Args:
        trainer: of transformers.
        progress: draw a bar.
        logs: folder of TensorBoard's files, where it is reported to; by default they would go among the checkpoints,
            which are removed at the end.
    """
    transformers = require("transformers")
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.remove_callback(transformers.ProgressCallback)
    trainer.add_callback(_divergence_callback())
    if progress:
        trainer.add_callback(_progress_callback())
    board = require("transformers.integrations").TensorBoardCallback
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, board):
            callback.logging_dir = str(logs)


def _divergence_callback() -> Any:
    class StopWhenDiverged(require("transformers").TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            loss = (logs or {}).get("loss")
            if loss is not None and not math.isfinite(loss):
                raise DivergedError(f"the loss is {loss} at step {state.global_step}; lower learning_rate.")

    return StopWhenDiverged()


def _progress_callback() -> Any:
    tqdm = require("tqdm").tqdm

    class Bar(require("transformers").TrainerCallback):  # type: ignore[misc]
        """One bar with the running loss; nothing where the output is not a terminal."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._bar = tqdm(desc="train", total=state.max_steps, initial=state.global_step, unit="step", disable=None)

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if "loss" in (logs or {}):
                self._bar.set_postfix(loss=f"{(logs or {})['loss']:.3f}", refresh=False)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._bar.update(state.global_step - self._bar.n)

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._bar.close()

    return Bar()
