"""An adapter and its base as one checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from llava_train.extras import require
from llava_train.merge_proof import merge_with_proof
from llava_train.model_files import hidden_bars, hidden_renaming, load_model, load_processor, save_whole


def merge_adapter(
    base: str | os.PathLike[str],
    adapter: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dtype: str = "float32",
    check: bool = True,
) -> Path:
    """Add a LoRA adapter to its base model and save both, with the processor, as one full checkpoint.

    Args:
        base: folder or Hub id of the model that the adapter was trained on.
        adapter: folder with `adapter_model.safetensors`.
        out: folder to write, whole or not at all; an earlier one is replaced.
        dtype: `float32` or `bfloat16`, of the saved weights; sums are made in float32.
        check: make sure, on a probe, that the merged model's logits are those of base and adapter.

    Raises:
        MergeError: they are not; nothing is written.
        UnsupportedModelError: the base is not a vision-language model with a processor.
        MissingExtraError: the extra `hf` is not installed.
    """
    merge_and_measure(base, adapter, out, dtype=dtype, check=check)
    return Path(out)


def merge_and_measure(
    base: str | os.PathLike[str],
    adapter: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dtype: str,
    check: bool,
) -> float | None:
    """Do as `merge_adapter` does; returns the largest difference of a logit, None without `check`."""
    peft, processor = require("peft"), load_processor(str(base))
    with hidden_bars(), hidden_renaming():
        model = peft.PeftModel.from_pretrained(load_model(str(base), dtype), str(adapter))
        merged, difference = merge_with_proof(model, processor, dtype=dtype, check=check)
    save_whole(merged, processor, Path(out))
    return difference
