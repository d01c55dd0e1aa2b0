"""OWLv2 and OWL-ViT: one pass over the image, one text query for each phrase."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from occlusion.detections import Detection, by_score, normalized_phrases
from occlusion.detectors.checkpoints import load_checkpoint
from occlusion.detectors.phrases import refusal_of
from occlusion.detectors.queries import checked_array, label_queries, sigmoid
from occlusion.errors import MissingExtraError, OcclusionError

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MODEL_TYPES = ("owlv2", "owlvit")


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
            device: where to run; the model's own place when None.
            dtype: of the weights; float32 when None (a loaded model keeps its own).

        Raises:
            MissingExtraError: torch, transformers, or scipy (for the PIL image processor of OWLv2) is not installed.
            OcclusionError: `bad_checkpoint`, `wrong_model`, `no_processor`, `slow_tokenizer`, `bad_option`.
        """
        if not 0 <= box_threshold <= 1 or template.count("{}") != 1:
            message = f"box_threshold must be 0 to 1, and template have one {{}}; got {box_threshold}, {template!r}."
            raise OcclusionError("bad_option", message)
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
                `duplicate_phrase`, `not_a_number` (the model overflowed: use float32).
        """
        plain = normalized_phrases(phrases)
        if not plain:
            return []
        self._check(plain)
        output = self._forward(image, plain)
        logits_Q_P, boxes_Q_4 = checked_array(output.logits[0]), checked_array(output.pred_boxes[0])
        kept_Q = sigmoid(logits_Q_P.max(axis=1)) > self._threshold
        sizes = {"read_wh": self._read_wh(image.size), "size_wh": image.size}
        return by_score(label_queries(logits_Q_P, boxes_Q_4, phrases, kept_Q=kept_Q, **sizes))

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None: ask first, and drop and count.

        Its reason is `phrase_too_long`, `special_token`, `no_token` or `empty_phrase`.
        """
        try:
            self._check(normalized_phrases([phrase]))
        except OcclusionError as error:
            return error
        return None

    def _check(self, plain: Sequence[str]) -> None:
        tokenizer, texts = self._processor.tokenizer, [self._template.replace("{}", phrase) for phrase in plain]
        room = self._max_tokens - len(tokenizer("")["input_ids"])  # Start and end of text.
        encoded = tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        for text, ids in zip(texts, encoded["input_ids"], strict=True):
            refused = refusal_of(text, ids, room=room, tokenizer=tokenizer)
            if refused is not None:
                raise refused

    def _read_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """What the model's fractions refer to, in original pixels: the padded square, or the image."""
        padded = self._model.config.model_type == "owlv2" and self._processor.image_processor.do_pad
        return (max(size_wh), max(size_wh)) if padded else size_wh

    def _forward(self, image: Image, plain: Sequence[str]) -> Any:
        import torch

        texts, device = [self._template.replace("{}", phrase) for phrase in plain], self._model.device
        encoded = self._processor.tokenizer(
            texts, padding="max_length", max_length=self._max_tokens, truncation=False, return_tensors="pt"
        )
        pixels = self._processor.image_processor(images=[image.convert("RGB")], return_tensors="pt")["pixel_values"]
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
