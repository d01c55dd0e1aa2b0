"""Weights of a finished training on disk, whether one process holds them or several share them."""

from __future__ import annotations

from typing import Any

from llava_train.extras import require
from llava_train.merge_proof import merge_with_proof
from llava_train.merging import merge_and_measure
from llava_train.model_files import save_whole
from llava_train.run_folder import RunFolder
from llava_train.trainer_settings import TrainerSettings


def save_weights(trainer: Any, processor: Any, settings: TrainerSettings, dtype: str, run: RunFolder) -> float | None:
    """Write `model/`, and for LoRA `adapter/`; every process must call it, and the first writes.

    Args:
        trainer: whose training is done; with `WholeCheckpoints`.
        processor: saved beside the model.
        settings: of the training.
        dtype: number type of the saved weights.
        run: the folder.

    Returns:
        The largest difference between a logit of the merged model and of model and adapter; None without an adapter.

    Raises:
        MergeError: that difference is too large; the adapter is there, the model is not.
    """
    # DeepSpeed keeps weights in its own order and type, and under ZeRO-3 in parts
    weights = trainer.whole_weights() if trainer.is_deepspeed_enabled else None
    if not trainer.args.should_save:
        return None
    model = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    if settings.method == "full":
        _save_full(model, processor, dtype, run, weights)
        return None
    save_whole(model, None, run.adapter, state_dict=weights)
    if weights is None:
        merged, difference = merge_with_proof(model, processor, dtype=dtype)
        save_whole(merged, processor, run.model)
        return difference
    # with DeepSpeed's configuration the base would be split over processes again
    require("transformers.integrations.deepspeed").unset_hf_deepspeed_config()
    return merge_and_measure(settings.model, run.adapter, run.model, dtype=dtype, check=True)


def _save_full(model: Any, processor: Any, dtype: str, run: RunFolder, weights: dict[str, Any] | None) -> None:
    kind = getattr(require("torch"), dtype)
    if weights is None:
        save_whole(model.to(kind), processor, run.model)
    else:
        cast = {name: weight.to(kind) for name, weight in weights.items()}
        save_whole(model, processor, run.model, state_dict=cast)
