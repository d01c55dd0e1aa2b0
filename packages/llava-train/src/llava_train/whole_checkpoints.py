"""Checkpoints that are told apart from torn ones, and that every weight is read back from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llava_train.extras import require
from llava_train.model_files import load_model
from llava_train.run_folder import RunFolder, mark_complete, require_processes


class WholeCheckpoints:
    """Mixed into a trainer of transformers, before it among its bases."""

    args: Any
    state: Any
    model: Any
    model_wrapped: Any
    accelerator: Any
    is_deepspeed_enabled: bool

    def train_from(self, run: RunFolder) -> None:
        """Train on from a run's last whole checkpoint, or from the start; every process must call it.

        Raises:
            FolderError: the checkpoint is of another number of processes.
        """
        if self.args.should_save:
            run.last_checkpoint()  # removes torn ones, once
        self.accelerator.wait_for_everyone()
        checkpoint = run.last_checkpoint()
        if checkpoint is not None:
            require_processes(checkpoint, self.args.world_size)
        self.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))  # type: ignore[attr-defined]

    def whole_weights(self) -> dict[str, Any]:
        """Trained weights by name, on the first process; every process must call it, as ZeRO-3 gathers them."""
        return self.accelerator.get_state_dict(self.model_wrapped)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)  # type: ignore[misc]
        if self.args.world_size > 1:
            self.accelerator.wait_for_everyone()  # each process writes its share
        if self.args.should_save:
            mark_complete(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Put a checkpoint's weights into the model in memory, every one of them.

        For full fine-tuning, transformers 5 looks for weights under names that it does not write itself, finds none,
        and trains on from the base with a mere warning.
        """
        target = self.model if model is None else model
        if self.is_deepspeed_enabled or isinstance(target, require("peft").PeftModel):
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
            return
        target.load_state_dict(load_model(resume_from_checkpoint, "float32").state_dict(), strict=True)
