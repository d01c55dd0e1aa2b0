"""The original segment-anything package, with its checkpoints as published."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from occlusion.adaptive_batches import AdaptiveBatches, unless_out_of_memory
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.rgb import rgb_of
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters.boxes import Box, found_in_box, on_usable
from occlusion.segmenters.sam import NOT_A_NUMBER, too_large

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MODEL_TYPES = ("vit_h", "vit_l", "vit_b")

_UNREADABLE = (RuntimeError, OSError, EOFError, ValueError, TypeError, AttributeError, pickle.UnpicklingError)


class SegmentAnythingSegmenter:
    """Finds the outline of what is in a box by SAM in its authors' own package.

    `SamPredictor.set_image` runs once for an image, `predict_torch` once for each batch of boxes, with
    `multimask_output=False`. With the same weights `SamSegmenter` gives the same masks, and needs no torchvision.

    Source: SAM (arXiv 2304.02643); with ViT-H and the first mask of each box: CVC (arXiv 2508.04453).
    """

    def __init__(
        self,
        checkpoint_or_model: Any,
        model_type: str = "vit_h",
        *,
        boxes_per_batch: int = 16,
        as_rle: bool = False,
        device: str | torch.device | None = None,
    ) -> None:
        """Load a checkpoint, or take a model.

        Args:
            checkpoint_or_model: file such as `sam_vit_h_4b8939.pth` (loaded as plain tensors), or a `Sam` of the
                package (device then moves it).
            model_type: of the file: `vit_h`, `vit_l` or `vit_b`.
            boxes_per_batch: that go through the mask decoder and are brought to the image's size together, in float32:
                on large images less is more. Out of memory halves it for a while.
            as_rle: keep masks as run lengths.
            device: where to run; the model's own place when None.

        Raises:
            MissingExtraError: segment-anything or torchvision is not installed.
            OcclusionError: `bad_checkpoint`, `wrong_model`, `bad_option`.
        """
        self._batches = AdaptiveBatches(boxes_per_batch, name="boxes_per_batch")
        model = _loaded(checkpoint_or_model, model_type)
        self._predictor = _import_package().SamPredictor(model.eval().to(device=device))
        self._as_rle = as_rle

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return one result for each box, in order; the image may be of any mode.

        A box's own failure is its result: `bad_box`, `box_outside`, `empty_mask`, `not_a_number`, `out_of_memory`.

        Raises:
            OcclusionError: `bad_boxes`, `bad_image` (cut off), `out_of_memory` (for the image alone).
        """
        return on_usable(boxes_xyxy_px, image.size, lambda boxes: self._segment(image, boxes))

    def _segment(self, image: Image, boxes: list[Box]) -> list[FoundMask | Unmasked]:
        rgb = np.asarray(rgb_of(image))
        if unless_out_of_memory(lambda: self._predictor.set_image(rgb) or True) is None:
            raise OcclusionError("out_of_memory", "the image encoder ran out of memory; use a smaller model.")
        try:
            return self._batches.run(boxes, lambda part: list(self._decode(part, image.size)), too_large)
        finally:
            self._predictor.reset_image()

    def _decode(self, boxes: Sequence[Box], size_wh: tuple[int, int]) -> Iterator[FoundMask | Unmasked]:
        import torch

        boxes_N_4 = torch.tensor(boxes, dtype=torch.float32, device=self._predictor.device)
        moved_N_4 = self._predictor.transform.apply_boxes_torch(boxes_N_4, (size_wh[1], size_wh[0]))
        masks, scores, logits = self._predictor.predict_torch(None, None, boxes=moved_N_4, multimask_output=False)
        sound_N = logits.isfinite().all(dim=(1, 2, 3)).tolist()
        for box, mask_1_H_W, score, sound in zip(
            boxes, masks.cpu().numpy(), scores[:, 0].tolist(), sound_N, strict=True
        ):
            found = found_in_box(mask_1_H_W[0], box, "segment-anything", score, as_rle=self._as_rle)
            yield found if sound else NOT_A_NUMBER


def _import_package() -> Any:
    for module in ("torch", "torchvision", "segment_anything"):  # The package needs torchvision and does not say so.
        if find_spec(module) is None:
            raise MissingExtraError(module.replace("_", "-"), "sam-original")
    return import_module("segment_anything")


def _loaded(checkpoint_or_model: Any, model_type: str) -> Any:
    package = _import_package()
    if not isinstance(checkpoint_or_model, (str, Path)):
        if not hasattr(checkpoint_or_model, "image_encoder"):
            found = type(checkpoint_or_model).__name__
            message = f"checkpoint_or_model must be a file or a Sam of segment-anything; got a {found}."
            raise OcclusionError("wrong_model", message)
        return checkpoint_or_model
    if model_type not in MODEL_TYPES:
        raise OcclusionError("bad_option", f"model_type must be one of {MODEL_TYPES}; got {model_type!r}.")
    if not Path(checkpoint_or_model).is_file():
        message = f"{checkpoint_or_model} must be a checkpoint file of segment-anything, such as sam_vit_h_4b8939.pth."
        raise OcclusionError("bad_checkpoint", message)
    try:
        return package.sam_model_registry[model_type](checkpoint=str(checkpoint_or_model))
    except _UNREADABLE as error:
        first_line = str(error).strip().split("\n", 1)[0]
        message = f"{checkpoint_or_model} must be a checkpoint of {model_type}: {first_line}"
        raise OcclusionError("bad_checkpoint", message) from error
