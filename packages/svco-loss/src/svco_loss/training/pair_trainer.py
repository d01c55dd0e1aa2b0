"""Transformers' `Trainer` with the loss on pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from llava_train import (
    GroupedOptimizer,
    ModelParts,
    WholeCheckpoints,
    find_parts,
    freeze_parts,
    hidden_renaming,
    lora_config,
    set_callbacks,
    trainer_arguments,
)
from torch import Tensor
from transformers import Trainer, TrainingArguments, set_seed

from svco_loss.logps import PairLogps
from svco_loss.losses import SvcoLoss, svco_loss
from svco_loss.references.adapters import without_adapter
from svco_loss.shared_prefix import pair_logps
from svco_loss.training.collating import NumberedPairs
from svco_loss.training.pair_forward import answer_pairs
from svco_loss.training.settings import SvcoSettings


def make_pair_trainer(
    model: Any,
    settings: SvcoSettings,
    arguments: TrainingArguments,
    batches: Sequence[NumberedPairs],
    reference_model: Any | None,
    *,
    progress: bool,
) -> PairTrainer:
    """A trainer over numbered pairs, ready for `train()`; the model gets its adapter or its frozen parts here.

    Args:
        model: as loaded.
        settings: of the training.
        arguments: by `make_arguments`, made before the model was loaded.
        batches: makers of training and of validation batches.
        reference_model: frozen second model, or None.
        progress: draw a bar when standard error is a terminal.
    """
    parts = find_parts(model)
    set_seed(settings.seed)  # adapters begin at random
    with hidden_renaming():
        model = _with_trained_parts(model, parts, settings)
        answer_pairs(model, partial(pair_logps, **settings.logps_options))
        trainer = PairTrainer(
            model, arguments, settings=settings, parts=parts, batches=batches, reference_model=reference_model
        )
    set_callbacks(trainer, progress=progress, logs=Path(arguments.output_dir or "").parent / "logs")
    return trainer


def _with_trained_parts(model: Any, parts: ModelParts, settings: SvcoSettings) -> Any:
    if settings.method == "full":
        freeze_parts(model, parts, settings)
        return model
    from peft import get_peft_model

    return get_peft_model(model, lora_config(model, parts, settings))


def make_arguments(settings: SvcoSettings, dtype: str, checkpoints: Path, *, has_validation: bool) -> TrainingArguments:
    """The settings as training arguments; starts the process group where there are several processes."""
    more: dict[str, Any] = {
        "adam_beta2": settings.adam_beta2,
        "per_device_eval_batch_size": settings.batch_size,
        "eval_strategy": "steps" if has_validation else "no",
        "eval_steps": settings.eval_every,
        "ddp_find_unused_parameters": settings.train_vision,  # layers above the one whose features are taken
    }
    arguments = trainer_arguments(TrainingArguments, settings, dtype=dtype, checkpoints=checkpoints, **more)
    return TrainingArguments(**arguments)


class PairTrainer(GroupedOptimizer, WholeCheckpoints, Trainer):
    """Mean of the loss over the pairs of one optimiser step, over devices and accumulated batches."""

    loss_is_scaled_for_ga = True
    model: Any
    args: Any
    accelerator: Any

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        *,
        settings: SvcoSettings,
        parts: ModelParts,
        batches: Sequence[NumberedPairs],
        reference_model: Any | None,
    ) -> None:
        train, validation = (_Numbers(len(pairs)) for pairs in batches)
        super().__init__(model, args, batches[0], train, validation if len(validation) else None)
        self.model_accepts_loss_kwargs = True  # pairs of a step are counted, and `compute_loss` divides by them
        self.settings = settings
        self.parts = parts
        self._eval_collator = batches[1]
        self._reference_model = None if reference_model is None else reference_model.to(args.device).eval()
        self._kept: dict[str, list[Tensor]] = defaultdict(list)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Return batches of validation pairs, which have a collator of their own."""
        kept, self.data_collator = self.data_collator, self._eval_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = kept

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Loss of one batch, as its share of the mean over all pairs of the step."""
        found, own_text = self._scored(model, inputs)
        total = found.per_pair + self.settings.sft_weight * own_text
        self._keep(found, own_text)
        count = len(total) if num_items_in_batch is None else num_items_in_batch / self.accelerator.num_processes
        loss = total.sum() / count
        return (loss, {"per_pair": total}) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> tuple[Tensor, None, None]:
        """Return the mean loss of one validation batch."""
        with torch.no_grad(), self.compute_loss_context_manager():
            loss = self.compute_loss(model, self._prepare_inputs(inputs))
        return loss.detach(), None, None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the means, since the last log, of everything that the loss reports."""
        kind = "eval" if any(name.startswith("eval_") for name in logs) else "train"
        prefix = "eval_" if kind == "eval" else ""
        logs |= {prefix + name: float(torch.stack(values).mean()) for name, values in self._taken(kind).items()}
        super().log(logs, start_time)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Count the tokens that run times six operations for each trained weight, as transformers estimates."""
        batch = inputs["pair_batch"]
        parts = (batch.prompt_a, batch.prompt_b, batch.prompt_none)
        tokens = sum(int(rows.lengths_B.sum()) for rows in parts)
        tokens += 3 * int(batch.answer_x.lengths_B.sum() + batch.answer_y.lengths_B.sum())
        return 6 * tokens * sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)

    @contextmanager
    def frozen_model(self) -> Generator[Any]:
        """Within it, the bare model that training begins with: adapter, dropout and gradients off."""
        model = self.accelerator.unwrap_model(self.model)
        if hasattr(model, "disable_adapter"):
            with without_adapter(model):
                yield model
            return
        was_training = model.training
        try:
            yield model.eval()
        finally:
            model.train(was_training)

    def _scored(self, model: Any, inputs: dict[str, Any]) -> tuple[SvcoLoss, Tensor]:
        """The loss, and `(B,)`: -log p per token of both texts with their own images."""
        batch = inputs["pair_batch"]
        reference = self._reference(model, inputs)
        policy = PairLogps.of_stacked(model(pair_batch=batch))
        report = None if self.model.training else self.settings.report_beta
        lengths = (batch.answer_x.lengths_B, batch.answer_y.lengths_B)
        own_text = -(policy.x_given_a / lengths[0] + policy.y_given_b / lengths[1])
        return svco_loss(policy, reference, self.settings.betas, report_beta=report), own_text

    def _reference(self, model: Any, inputs: dict[str, Any]) -> PairLogps:
        if "reference_6_B" in inputs:
            return PairLogps.of_stacked(inputs["reference_6_B"])
        if self._reference_model is not None:
            with torch.no_grad():
                return pair_logps(self._reference_model, inputs["pair_batch"], **self.settings.logps_options)
        with without_adapter(self.accelerator.unwrap_model(model)):
            return PairLogps.of_stacked(model(pair_batch=inputs["pair_batch"]))

    def _keep(self, found: SvcoLoss, own_text: Tensor) -> None:
        metrics = found.metrics | {"own_text/nats_per_token": own_text.detach().mean() / 2}
        if self.args.world_size > 1:
            gathered = self.accelerator.gather(torch.stack(list(metrics.values()))[None])
            metrics = dict(zip(metrics, gathered.mean(0), strict=True))
        kind = "train" if self.model.training else "eval"
        for name, value in metrics.items():
            self._kept[f"{kind} {name}"].append(value)

    def _taken(self, kind: str) -> dict[str, list[Tensor]]:
        names = [name for name in self._kept if name.startswith(f"{kind} ")]
        return {name.removeprefix(f"{kind} "): self._kept.pop(name) for name in names}

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: Any) -> Any:
        """Pairs of one optimiser step, over devices too."""
        if not batch_samples:
            return None
        total = torch.tensor(sum(len(batch["pair_batch"]) for batch in batch_samples), device=device)
        return self.accelerator.gather(total).sum() if self.args.world_size > 1 else total


class _Numbers(torch.utils.data.Dataset[dict[str, int]]):
    """Numbers of pairs, 0 to N - 1, as `NumberedPairs` takes them."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> dict[str, int]:
        return {"pair": index}
