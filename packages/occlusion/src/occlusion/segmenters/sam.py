"""SAM, SAM 2 and SAM 3 for boxes: one pass over the image, however many boxes it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from occlusion.adaptive_batches import AdaptiveBatches, unless_out_of_memory
from occlusion.errors import OcclusionError
from occlusion.rgb import rgb_of
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters.boxes import Box, found_in_box, on_usable
from occlusion.segmenters.checkpoints import load_model
from occlusion.segmenters.families import BOX_FAMILIES

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image


class SamSegmenter:
    """Finds the outline of what is in a box by SAM, SAM 2 or SAM 3 of transformers.

    The image encoder runs once for an image, the small mask decoder once for each batch of boxes. The mask of a box is
    the model's one answer (`multimask_output=False`): the first mask for SAM; for SAM 2 and 3 that mask too, unless it
    is unstable, then the best of the other three, as published. It may leave the box.

    Nothing here needs torchvision. PIL resizes the image, as published for SAM; the processors of SAM 2 and 3 resize
    by torchvision, which differs from PIL by one gray level at most.

    Source: SAM (arXiv 2304.02643), SAM 2 (arXiv 2408.00714), SAM 3 (arXiv 2511.16719); first mask of each box: CVC
    (arXiv 2508.04453), the segmentation step, there with SAM ViT-H.
    """

    def __init__(
        self,
        model_or_path: Any,
        processor: Any = None,
        *,
        boxes_per_batch: int = 64,
        as_rle: bool = False,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of a checkpoint (loaded from safetensors), or a loaded `SamModel`,
                `Sam2Model` or `Sam3TrackerModel` (device and dtype then change it in place).
            processor: its processor or image processor, or a `ModelFrame`. None: what the checkpoint's file says; for a
                loaded model, the published preparation at the model's size.
            boxes_per_batch: that the mask decoder takes together; out of memory halves it for a while.
            as_rle: keep masks as run lengths from the start: for many boxes on large images (a dense mask of 12
                megapixels takes 12 MB).
            device: where to run; the model's own place when None.
            dtype: of the weights; float32 when None (a loaded model keeps its own).

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `bad_checkpoint` (SAM 3: gated), `missing_weights`, `wrong_model`, `wrong_processor`,
                `bad_option`.
        """
        self._batches = AdaptiveBatches(boxes_per_batch, name="boxes_per_batch")
        loaded = load_model(model_or_path, processor, families=BOX_FAMILIES, device=device, dtype=dtype)
        self._model, self._source, self._frame = loaded.model, loaded.family.source, loaded.frame
        self._as_rle = as_rle

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return one result for each box, in order; the image may be of any mode.

        A box's own failure is its result: `bad_box`, `box_outside`, `empty_mask`, `not_a_number` (the model overflowed:
        use float32), `out_of_memory`.

        Raises:
            OcclusionError: `bad_boxes`, `bad_image` (cut off), `too_narrow`, `out_of_memory` (for the image alone).
        """
        return on_usable(boxes_xyxy_px, image.size, lambda boxes: self._segment(image, boxes))

    def _segment(self, image: Image, boxes: list[Box]) -> list[FoundMask | Unmasked]:
        import torch

        with torch.inference_mode():
            embeddings = unless_out_of_memory(lambda: self._encode(image))
            if embeddings is None:
                raise OcclusionError("out_of_memory", "the image encoder ran out of memory; use a smaller model.")
            return self._batches.run(boxes, lambda part: list(self._decode(embeddings, part, image.size)), too_large)

    def _encode(self, image: Image) -> Any:
        import torch

        pixels = torch.from_numpy(self._frame.pixels(rgb_of(image)))
        return self._model.get_image_embeddings(pixels[None].to(self._model.device, self._model.dtype))

    def _decode(
        self, embeddings: Any, boxes: Sequence[Box], size_wh: tuple[int, int]
    ) -> Iterator[FoundMask | Unmasked]:
        import torch

        # In float32 whatever the model's dtype: bfloat16 has no more than 8 bits for a coordinate of 1024.
        boxes_1_N_4 = torch.from_numpy(self._frame.boxes(boxes, size_wh))[None].to(self._model.device)
        output = self._model(image_embeddings=embeddings, input_boxes=boxes_1_N_4, multimask_output=False)
        logits_N_h_w, scores_N = output.pred_masks[0, :, 0], output.iou_scores[0, :, 0].float().tolist()
        sound_N = logits_N_h_w.isfinite().all(dim=(1, 2)).tolist()
        masks = self._frame.masks(logits_N_h_w, size_wh)
        for box, mask_hw, score, sound in zip(boxes, masks, scores_N, sound_N, strict=True):
            found = found_in_box(mask_hw, box, self._source, score, as_rle=self._as_rle)
            yield found if sound else NOT_A_NUMBER


NOT_A_NUMBER = Unmasked("not_a_number", "the model must give numbers; got nan or infinity. Use float32 (dtype=None).")
"""The result of a box for which a model overflowed."""


def too_large(box: Box) -> FoundMask | Unmasked:
    """Return the result of a box whose mask does not fit in memory."""
    return Unmasked("out_of_memory", f"the mask of {box} alone ran out of memory")
