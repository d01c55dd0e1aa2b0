"""Segmentation models of transformers with what they read: loaded by name, or taken as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from occlusion.checkpoints import import_transformers, model_type_of, read_checkpoint, read_model
from occlusion.errors import OcclusionError
from occlusion.segmenters.families import Family
from occlusion.segmenters.frames import ModelFrame, frame_of

if TYPE_CHECKING:
    import torch

KIND = "segmentation"
GATED = " SAM 3 is gated: accept its licence on its page (huggingface.co/facebook/sam3), then `hf auth login`."


@dataclass(frozen=True)
class LoadedModel:
    """A model, ready to be asked."""

    model: Any
    """In evaluation mode."""

    family: Family
    """What it is."""

    frame: ModelFrame
    """What it reads."""


def load_model(
    model_or_path: Any,
    processor: Any,
    *,
    families: Mapping[str, Family],
    device: str | torch.device | None,
    dtype: torch.dtype | None,
) -> LoadedModel:
    """Return a model in evaluation mode.

    Args:
        model_or_path: folder or hub id (loaded from safetensors), or a loaded model.
        processor: its processor, image processor, or `ModelFrame`. None: read from the checkpoint's file; for a loaded
            model, the published preparation at the model's size.
        families: what the model may be, by `model_type` of its configuration.
        device: where to put the model; None leaves it where it is.
        dtype: of the weights; None is float32 for a checkpoint, and a loaded model's own.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        OcclusionError: `bad_checkpoint`, `missing_weights`, `wrong_model`, `wrong_processor`.
    """
    transformers = import_transformers()
    if isinstance(model_or_path, (str, Path)):
        hint = gated_hint(model_or_path)
        family = _family(model_type_of(model_or_path, KIND, hint), families)
        model_class = getattr(transformers, family.model_class)
        model = read_model(model_class, model_or_path, dtype=dtype, kind=KIND, hint=hint)
        settings = _processor_file(model_or_path, hint) if processor is None else processor
    else:
        model, settings = model_or_path, processor
        family = _family(model.config.model_type, families)
        _check_class(model, family)
    side_px = _side_px(model)
    frame = replace(family.frame, side_px=side_px)
    if settings is not None:
        frame = frame_of(settings, side_px=side_px, keeps_aspect=frame.keeps_aspect)
    return LoadedModel(model.eval().to(device=device, dtype=dtype), family, frame)


def gated_hint(path: str | Path) -> str:
    """Return what to add to an error about a checkpoint of the hub that needs permission.

    >>> gated_hint("facebook/sam-vit-base")
    ''
    """
    return GATED if str(path).startswith("facebook/sam3") else ""


def _family(model_type: str, families: Mapping[str, Family]) -> Family:
    if model_type not in families:
        message = f"model must be one of {sorted(families)}; got {model_type!r}. See load_segmenter."
        raise OcclusionError("wrong_model", message)
    return families[model_type]


def _check_class(model: Any, family: Family) -> None:
    """A video model has the configuration of its image model, and other methods."""
    if family.model_class not in {one.__name__ for one in type(model).__mro__}:
        found = type(model).__name__
        raise OcclusionError("wrong_model", f"model must be a {family.model_class} of transformers; got a {found}.")


def _processor_file(path: str | Path, hint: str) -> Mapping[str, Any]:
    from transformers.image_processing_utils import BaseImageProcessor

    return read_checkpoint(lambda: BaseImageProcessor.get_image_processor_dict(path)[0], path, KIND, hint)


def _side_px(model: Any) -> int:
    """Side of the square that the model takes."""
    config = getattr(model.config, "prompt_encoder_config", None) or model.config.vision_config
    side = config.image_size
    return int(side if isinstance(side, int) else side[0])
