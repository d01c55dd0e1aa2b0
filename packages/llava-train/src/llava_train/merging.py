"""An adapter and its base as one checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from llava_train.extras import require
from llava_train.model_files import hidden_bars, hidden_renaming, load_model, load_processor, save_whole


def merge_adapter(
    base: str | os.PathLike[str],
    adapter: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dtype: str = "float32",
) -> Path:
    """Add a LoRA adapter to its base model and save both, with the processor, as one full checkpoint.

    Args:
        base: folder or Hub id of the model that the adapter was trained on.
        adapter: folder with `adapter_model.safetensors`.
        out: folder to write, whole or not at all; an earlier one is replaced.
        dtype: `float32` or `bfloat16`, of the saved weights; the sum is computed in it too.

    Raises:
        UnsupportedModelError: the base is not a vision-language model with a processor.
        MissingExtraError: the extra `hf` is not installed.
    """
    peft = require("peft")
    with hidden_bars(), hidden_renaming():
        model = peft.PeftModel.from_pretrained(load_model(str(base), dtype), str(adapter))
    return save_whole(model.merge_and_unload(safe_merge=True), load_processor(str(base)), Path(out))
