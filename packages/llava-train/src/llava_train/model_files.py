"""Loading and saving whole checkpoints: weights as safetensors, with the processor."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from llava_train.errors import UnsupportedModelError
from llava_train.extras import require


def load_processor(model: str) -> Any:
    """The model's processor.

    Raises:
        UnsupportedModelError: nothing there can be read as a processor.
    """
    transformers = require("transformers")
    try:
        return transformers.AutoProcessor.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise UnsupportedModelError(f"no processor in {model}: {str(error).splitlines()[0]}") from error
    except ImportError as error:  # Qwen-VL's needs torchvision
        what = str(error).strip().splitlines()[0]
        raise UnsupportedModelError(
            f"the processor of {model} lacks a library, which pip can install: {what}"
        ) from error


def load_model(model: str, dtype: str) -> Any:
    """The model with weights in `dtype` (`float32` or `bfloat16`), whatever it was stored in.

    Raises:
        UnsupportedModelError: nothing there can be read as an image-and-text-to-text model.
    """
    torch, transformers = require("torch"), require("transformers")
    try:
        return transformers.AutoModelForImageTextToText.from_pretrained(model, dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:
        raise UnsupportedModelError(f"no vision-language model in {model}: {str(error).splitlines()[0]}") from error


class DtypeChoice(Protocol):
    """The part of `TrainerSettings` that says how a model computes; settings of an application may have it too."""

    @property
    def dtype(self) -> str:
        """`auto`, `float32` or `bfloat16`."""
        ...

    @property
    def device(self) -> str:
        """`auto` or `cpu`."""
        ...


def compute_dtype(settings: DtypeChoice) -> str:
    """`float32` or `bfloat16`: the setting, with `auto` resolved on this machine."""
    if settings.dtype != "auto":
        return settings.dtype
    torch = require("torch")
    on_gpu = settings.device == "auto" and torch.cuda.is_available()
    return "bfloat16" if on_gpu and torch.cuda.is_bf16_supported() else "float32"


def save_whole(model: Any, processor: Any, folder: Path, *, state_dict: dict[str, Any] | None = None) -> Path:
    """Save weights and processor into `folder`, whole or not at all; returns the folder.

    Args:
        model: of transformers or PEFT.
        processor: saved beside it; None for none.
        folder: an earlier one is replaced.
        state_dict: the weights, where the model in memory holds parts of them alone (ZeRO-3).
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with hidden_bars():
        model.save_pretrained(partial, safe_serialization=True, state_dict=state_dict)
        if processor is not None:
            processor.save_pretrained(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return folder


@contextmanager
def hidden_bars() -> Generator[None]:
    """Within it, transformers draws no progress bars of its own where the output is not a terminal."""
    logging = require("transformers").utils.logging
    were_shown = logging.is_progress_bar_enabled()
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if were_shown:
            logging.enable_progress_bar()


@contextmanager
def hidden_renaming() -> Generator[None]:
    """Within it, PEFT may use the name `is_gradient_checkpointing` that transformers has renamed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield
