"""SAM 3 from phrases to masks: detector and segmenter in one model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from occlusion.adaptive_batches import AdaptiveBatches, unless_out_of_memory
from occlusion.checkpoints import import_transformers, read_checkpoint
from occlusion.detections import Detection, Undetected, by_score, clipped_box, normalized_phrases
from occlusion.errors import OcclusionError
from occlusion.model_arrays import checked_array
from occlusion.phrase_refusals import refusal_of
from occlusion.rgb import rgb_of
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters.boxes import found_in_box
from occlusion.segmenters.checkpoints import KIND, gated_hint, load_model
from occlusion.segmenters.families import PHRASE_FAMILIES
from occlusion.single_calls import found_as_item, refusal_through

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image


@dataclass(frozen=True)
class _Seen:
    """One thing that the model found, before its mask is made."""

    detection: Detection
    logits_h_w: torch.Tensor


@dataclass(frozen=True)
class SegmentedDetection:
    """One thing found by name, with its outline."""

    detection: Detection
    """Phrase, box and score."""

    mask: FoundMask | Unmasked
    """Its mask; `empty_mask` where no pixel of it lies in the box."""


class Sam3PhraseSegmenter:
    """Finds phrases in an image with their masks by SAM 3; as a `Detector` it gives their boxes.

    The image encoder runs once for an image, whatever the number of phrases; text encoder and decoder run on batches of
    phrases. A query is kept when sigmoid(its logit) x sigmoid(the phrase's presence logit) is above `threshold`. Two
    phrases that mean the same thing each find it: `suppress` the boxes.

    The published weights are gated. Nothing here needs torchvision.

    Source: SAM 3 (arXiv 2511.16719).
    """

    def __init__(
        self,
        model_or_path: Any,
        processor: Any = None,
        *,
        tokenizer: Any = None,
        threshold: float = 0.5,
        phrases_per_batch: int = 8,
        as_rle: bool = False,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of a checkpoint (loaded from safetensors), or a loaded `Sam3Model` (device
                and dtype then change it in place).
            processor: a `Sam3Processor`, its image processor, or a `ModelFrame`. None: what the checkpoint's file says;
                for a loaded model, the published preparation at the model's size.
            tokenizer: its fast tokenizer; the processor's, or loaded from the same place, when None.
            threshold: score above which a thing is kept; 0.5 as published, 0.3 is the default of transformers.
            phrases_per_batch: that the decoder takes together; out of memory halves it for a while.
            as_rle: keep masks as run lengths.
            device: where to run; the model's own place when None.
            dtype: of the weights; float32 when None (a loaded model keeps its own).

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `bad_checkpoint` (gated), `missing_weights`, `wrong_model`, `wrong_processor`,
                `no_tokenizer`, `slow_tokenizer`, `bad_option`.
        """
        if not 0 <= threshold <= 1:
            raise OcclusionError("bad_option", f"threshold must be 0 to 1; got {threshold}.")
        self._batches = AdaptiveBatches(phrases_per_batch, name="phrases_per_batch")
        loaded = load_model(model_or_path, processor, families=PHRASE_FAMILIES, device=device, dtype=dtype)
        self._model, self._source, self._frame = loaded.model, loaded.family.source, loaded.frame
        self._tokenizer = _tokenizer_of(model_or_path, processor, tokenizer)
        self._threshold, self._as_rle = threshold, as_rle
        self._max_tokens = int(self._model.config.text_config.max_position_embeddings)

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return what was found, best score first: the `Detector` of the same model, for when masks are not needed.

        Raises:
            OcclusionError: what `segment` raises.
        """
        return [one.detection for one in self._look(image, phrases)]

    def detect_many(self, items: Sequence[tuple[Image, Sequence[str]]]) -> list[list[Detection] | Undetected]:
        """Return one result for each (image, phrases), in order, one image after the other.

        What a call with an item would raise is that item's result.
        """
        return [found_as_item(partial(self, image, phrases)) for image, phrases in items]

    def segment(self, image: Image, phrases: Sequence[str]) -> list[SegmentedDetection]:
        """Return what was found with its masks, best score first; the image may be of any mode.

        Raises:
            OcclusionError: what `refusal` returns for a phrase, `phrases_are_text`, `empty_phrase`,
                `duplicate_phrase`, `bad_image` (cut off), `not_a_number` (the model overflowed: use float32),
                `out_of_memory`.
        """
        seen = self._look(image, phrases)
        return list(self._segmented(seen, image.size)) if seen else []

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None: ask first, and drop and count.

        Its reason is `phrase_too_long`, `special_token`, `no_token` or `empty_phrase`.
        """
        return refusal_through(self._check, phrase)

    def _check(self, plain: Sequence[str]) -> None:
        room = self._max_tokens - len(self._tokenizer("")["input_ids"])  # Start and end of text.
        encoded = self._tokenizer(list(plain), add_special_tokens=False, truncation=False, verbose=False)
        for phrase, ids in zip(plain, encoded["input_ids"], strict=True):
            refused = refusal_of(phrase, ids, room=room, special_ids=self._tokenizer.all_special_ids)
            if refused is not None:
                raise refused

    def _look(self, image: Image, phrases: Sequence[str]) -> list[_Seen]:
        import torch

        plain = normalized_phrases(phrases)
        if not plain:
            return []
        self._check(plain)
        with torch.inference_mode():
            vision = unless_out_of_memory(lambda: self._encode(image))
            if vision is None:
                raise OcclusionError("out_of_memory", "the image encoder ran out of memory; use a lower dtype.")
            pairs = list(zip(phrases, plain, strict=True))
            found = self._batches.run(pairs, lambda part: list(self._decode(vision, part, image.size)), _too_large)
        seen = {id(one.detection): one for of_phrase in found for one in of_phrase}
        return [seen[id(detection)] for detection in by_score(one.detection for one in seen.values())]

    def _encode(self, image: Image) -> Any:
        import torch

        pixels = torch.from_numpy(self._frame.pixels(rgb_of(image)))
        return self._model.get_vision_features(pixels[None].to(self._model.device, self._model.dtype))

    def _decode(self, vision: Any, pairs: Sequence[tuple[str, str]], size_wh: tuple[int, int]) -> Iterator[list[_Seen]]:
        texts = [plain for _, plain in pairs]
        encoded = self._tokenizer(texts, padding="max_length", max_length=self._max_tokens, return_tensors="pt")
        words = {name: encoded[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
        output = self._model(vision_embeds=_for_each(vision, len(pairs)), **words)
        scores_P_Q = checked_array(output.pred_logits.sigmoid() * output.presence_logits.sigmoid())
        boxes_P_Q_4 = checked_array(output.pred_boxes) * np.tile(size_wh, 2)
        for p, (phrase, _) in enumerate(pairs):
            kept = np.flatnonzero(scores_P_Q[p] > self._threshold).tolist()
            boxes = [clipped_box(boxes_P_Q_4[p, q].tolist(), size_wh) for q in kept]
            yield [
                # A copy: a view would keep the masks of all queries in memory.
                _Seen(Detection(phrase, box, float(scores_P_Q[p, q])), output.pred_masks[p, q].clone())
                for q, box in zip(kept, boxes, strict=True)
                if box is not None
            ]

    def _segmented(self, seen: Sequence[_Seen], size_wh: tuple[int, int]) -> Iterator[SegmentedDetection]:
        import torch

        masks = self._frame.masks(torch.stack([one.logits_h_w for one in seen]), size_wh)
        for detection, mask_hw in zip((one.detection for one in seen), masks, strict=True):
            box, score = detection.box_xyxy_px, detection.score
            mask = found_in_box(mask_hw, box, self._source, score, as_rle=self._as_rle)
            yield SegmentedDetection(detection, mask)


def _for_each(vision: Any, phrases: int) -> Any:
    """The features of one image as those of many, without a copy."""
    repeated = {
        name: tuple(level.expand(phrases, -1, -1, -1) for level in vision[name])
        for name in ("fpn_hidden_states", "fpn_position_encoding")
    }
    return replace(vision, **repeated)


def _too_large(pair: tuple[str, str]) -> list[_Seen]:
    raise OcclusionError("out_of_memory", f"the masks of {pair[0]!r} alone ran out of memory.")


def _tokenizer_of(model_or_path: Any, processor: Any, tokenizer: Any) -> Any:
    tokenizer = getattr(processor, "tokenizer", None) if tokenizer is None else tokenizer
    if tokenizer is None and isinstance(model_or_path, (str, Path)):
        load = import_transformers().AutoTokenizer.from_pretrained
        tokenizer = read_checkpoint(lambda: load(model_or_path), model_or_path, KIND, gated_hint(model_or_path))
    if tokenizer is None:
        raise OcclusionError("no_tokenizer", "tokenizer must be given with a loaded model; got None.")
    if not getattr(tokenizer, "is_fast", False):
        raise OcclusionError("slow_tokenizer", "tokenizer must be a fast one.")
    return tokenizer
