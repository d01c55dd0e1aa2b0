"""Settings as arguments of transformers' trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llava_train.extras import require
from llava_train.trainer_settings import TrainerSettings


def trainer_arguments(
    config: Any, settings: TrainerSettings, *, dtype: str, checkpoints: Path, **more: Any
) -> dict[str, Any]:
    """Keyword arguments for a class of training arguments, `TrainingArguments` or one derived from it.

    Checkpoints go to a folder of their own, every step is logged, and batches reach the collator as they are.
    """
    # renamed within transformers 5; the old name warns where the new one exists
    renamed = "activation_checkpointing" in config.__dataclass_fields__
    checkpointing = "activation_checkpointing" if renamed else "gradient_checkpointing"
    return {
        "output_dir": str(checkpoints),
        "learning_rate": settings.rate,
        "num_train_epochs": settings.epochs,
        "max_steps": -1 if settings.max_steps is None else settings.max_steps,
        "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "warmup_steps": settings.warmup_ratio,
        "lr_scheduler_type": settings.schedule,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "bf16": dtype == "bfloat16",
        "use_cpu": settings.device == "cpu",
        checkpointing: settings.gradient_checkpointing,
        "save_steps": settings.save_every,
        "save_total_limit": 2,
        "report_to": settings.report_to.split(","),
        "log_level": _log_level(),
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": settings.device != "cpu" and require("torch").cuda.is_available(),
        "remove_unused_columns": False,
    } | more


def _log_level() -> str:
    """The level that transformers logs at now, by name; the trainer would set it to `info` for the whole process."""
    verbosity = require("transformers").utils.logging
    return next(name for name, level in verbosity.get_log_levels_dict().items() if level == verbosity.get_verbosity())
