"""OWLv2 and OWL-ViT: one pass over the image, one text query for each phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from occlusion.adaptive_batches import AdaptiveBatches
from occlusion.detections import Detection, Undetected, by_score, normalized_phrases, too_large
from occlusion.detectors.checkpoints import load_checkpoint
from occlusion.detectors.queries import label_queries, sigmoid
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.model_arrays import checked_array
from occlusion.phrase_refusals import refusal_of
from occlusion.rgb import rgb_of
from occlusion.single_calls import found_alone, refusal_through

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MODEL_TYPES = ("owlv2", "owlvit")


@dataclass(frozen=True)
class _Read:
    """One image, in RGB, with its phrases."""

    item: int
    image: Image
    phrases: Sequence[str]
    plain: tuple[str, ...]


class OwlDetector:
    """Finds phrases by OWLv2 or OWL-ViT: each image patch is a query, and gets the phrase with the highest score.

    OWLv2 reads the image padded at the right and bottom to a square, OWL-ViT stretched to one; boxes come back in
    pixels of the original image for both. A box that lies in the padding alone is dropped. Objectness is not used.

    Source: OWL-ViT (arXiv 2205.06230), OWLv2 (arXiv 2306.09683).
    """

    def __init__(
        self,
        model_or_path: Any,
        processor: Any = None,
        *,
        box_threshold: float = 0.1,
        template: str = "{}",
        batch_size: int = 1,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of a checkpoint (loaded from safetensors), or a loaded model (device and
                dtype then change it in place).
            processor: its processor; loaded from the same place when None.
            box_threshold: a query is kept when its phrase's score is above this; 0.1 is the default of transformers.
            template: the query's text, with `{}` for the phrase; "a photo of a {}" is common, and costs four of the
                sixteen tokens.
            batch_size: images that go through the model together. A batch that does not fit in memory is halved.
            device: where to run; the model's own place when None.
            dtype: of the weights; float32 when None (a loaded model keeps its own).

        Raises:
            MissingExtraError: torch, transformers, or scipy (for the PIL image processor of OWLv2) is not installed.
            OcclusionError: `bad_checkpoint`, `missing_weights`, `wrong_model`, `no_processor`, `slow_tokenizer`,
                `bad_option`.
        """
        if not 0 <= box_threshold <= 1 or template.count("{}") != 1:
            message = "box_threshold must be 0 to 1, and template have one {}; got "
            raise OcclusionError("bad_option", f"{message}{box_threshold}, {template!r}.")
        self._batches = AdaptiveBatches(batch_size, name="batch_size")
        self._model, self._processor = load_checkpoint(
            model_or_path, processor, model_types=MODEL_TYPES, device=device, dtype=dtype
        )
        self._threshold, self._template = box_threshold, template
        self._max_tokens = int(self._model.config.text_config.max_position_embeddings)
        _check_resampler(self._processor.image_processor)

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return what was found, best score first; the image may be of any mode.

        Raises:
            OcclusionError: what `refusal` returns for a phrase, `phrases_are_text`, `empty_phrase`,
                `duplicate_phrase`, `bad_image` (cut off), `not_a_number` (the model overflowed: use float32).
        """
        return found_alone(self.detect_many([(image, phrases)]))

    def detect_many(self, items: Sequence[tuple[Image, Sequence[str]]]) -> list[list[Detection] | Undetected]:
        """Return one result for each (image, phrases), in order; images are batched by `batch_size`, or fewer.

        What a call with an item would raise is that item's result.
        """
        found: list[list[Detection] | Undetected] = [[] for _ in items]
        reads: list[_Read] = []
        for item, (image, phrases) in enumerate(items):
            try:
                plain = normalized_phrases(phrases)
                self._check(plain)
                reads.extend([_Read(item, rgb_of(image), phrases, plain)] if plain else [])
            except OcclusionError as error:
                found[item] = Undetected(error.reason, str(error))
        for read, result in zip(reads, self._batches.run(reads, self._detect, too_large), strict=True):
            found[read.item] = result
        return found

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None: ask first, and drop and count.

        Its reason is `phrase_too_long`, `special_token`, `no_token` or `empty_phrase`.
        """
        return refusal_through(self._check, phrase)

    def _check(self, plain: Sequence[str]) -> None:
        if not plain:
            return
        tokenizer, texts = self._processor.tokenizer, [self._template.replace("{}", phrase) for phrase in plain]
        room = self._max_tokens - len(tokenizer("")["input_ids"])  # Start and end of text.
        encoded = tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        for text, ids in zip(texts, encoded["input_ids"], strict=True):
            refused = refusal_of(text, ids, room=room, special_ids=tokenizer.all_special_ids)
            if refused is not None:
                raise refused

    def _read_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """What the model's fractions refer to, in original pixels: the padded square, or the image."""
        padded = self._model.config.model_type == "owlv2" and self._processor.image_processor.do_pad
        return (max(size_wh), max(size_wh)) if padded else size_wh

    def _detect(self, batch: Sequence[_Read]) -> list[list[Detection] | Undetected]:
        output = self._forward(batch)
        found: list[list[Detection] | Undetected] = []
        for read, logits_Q_P, boxes_Q_4 in zip(batch, output.logits, output.pred_boxes, strict=True):
            try:
                own_Q_P, boxes_Q_4 = checked_array(logits_Q_P[:, : len(read.plain)]), checked_array(boxes_Q_4)
            except OcclusionError as error:
                found.append(Undetected(error.reason, str(error)))
                continue
            kept_Q = sigmoid(own_Q_P.max(axis=1)) > self._threshold
            sizes = {"read_wh": self._read_wh(read.image.size), "size_wh": read.image.size}
            found.append(by_score(label_queries(own_Q_P, boxes_Q_4, read.phrases, kept_Q=kept_Q, **sizes)))
        return found

    def _forward(self, batch: Sequence[_Read]) -> Any:
        """Run the model; an image with fewer phrases than another gets its first one again, in columns to leave out."""
        import torch

        device, most = self._model.device, max(len(read.plain) for read in batch)
        plain = [phrase for read in batch for phrase in (*read.plain, *[read.plain[0]] * (most - len(read.plain)))]
        encoded = self._processor.tokenizer(
            [self._template.replace("{}", phrase) for phrase in plain],
            padding="max_length",
            max_length=self._max_tokens,
            truncation=False,
            return_tensors="pt",
        )
        images = [read.image for read in batch]
        pixels = self._processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            return self._model(
                input_ids=encoded["input_ids"].to(device),
                attention_mask=encoded["attention_mask"].to(device),
                pixel_values=pixels.to(device, self._model.dtype),
            )


def _check_resampler(image_processor: Any) -> None:
    """The PIL image processor of OWLv2 resizes by scipy, and says so at the first image only."""
    if type(image_processor).__name__ == "Owlv2ImageProcessorPil" and find_spec("scipy") is None:
        raise MissingExtraError("scipy", "hf")
