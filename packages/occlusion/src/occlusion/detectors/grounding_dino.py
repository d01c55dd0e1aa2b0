"""GroundingDINO and MM-Grounding-DINO: all phrases of an image in one pass, each box with the caller's own phrase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from occlusion.adaptive_batches import AdaptiveBatches
from occlusion.detections import Detection, Undetected, by_score, normalized_phrases, too_large
from occlusion.detectors.checkpoints import load_checkpoint
from occlusion.detectors.phrases import JoinedText, join_phrases, pack
from occlusion.detectors.queries import label_queries, sigmoid
from occlusion.errors import OcclusionError
from occlusion.model_arrays import checked_array
from occlusion.phrase_refusals import refusal_of
from occlusion.rgb import rgb_of
from occlusion.single_calls import found_alone, refusal_through

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

MODEL_TYPES = ("grounding-dino", "mm-grounding-dino")

_ISOLATING = {"[CLS]": 101, "[SEP]": 102, ".": 1012, "?": 1029}  # The models know these by number.


@dataclass(frozen=True)
class _Pass:
    """One image, in RGB, with one text."""

    item: int
    image: Image
    phrases: list[str]
    joined: JoinedText


class GroundingDinoDetector:
    """Finds phrases by GroundingDINO or MM-Grounding-DINO.

    The phrases are joined by ". " into one text: the text encoder lets tokens attend within a sub-sentence alone, so
    phrases do not read each other. All phrases of an image go through in one pass where the text fits, otherwise in as
    few as a first-fit packing finds. Each query (box) gets the phrase with the highest score; a phrase's score is the
    highest sigmoid(logit) of its own tokens.

    Different from the published decoding, on purpose:
        - the label is one of the caller's phrases, found by its place in the text. Published: the tokens above
          `text_threshold` are decoded to text, which can merge phrases, cut them, or be empty.
        - the score is that of the phrase's tokens. Published: of all tokens, delimiters too. A query is still kept or
          dropped by the highest of all tokens, so the boxes before labelling are the published ones.
        - boxes are clipped to the image.
        - with several passes the queries compete within a pass, so a thing may be found once in each: `suppress` them.

    Source: GroundingDINO (arXiv 2303.05499); thresholds of World to Code (arXiv 2409.20424), the boxes stage.
    """

    def __init__(
        self,
        model_or_path: Any,
        processor: Any = None,
        *,
        box_threshold: float = 0.23,
        text_threshold: float = 0.20,
        max_text_tokens: int = 256,
        batch_size: int = 1,
        device: str | torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of a checkpoint (loaded from safetensors), or a loaded model (device and
                dtype then change it in place).
            processor: its processor; loaded from the same place when None.
            box_threshold: a query is kept when its highest token is above this.
            text_threshold: and its phrase's score above this.
            max_text_tokens: longest text of one pass, special tokens included; a model's own limit holds if lower.
            batch_size: passes that go through the model together. Images of different sizes in one batch are padded to
                the largest, which moves boxes and scores a little. A batch that does not fit in memory is halved.
            device: where to run; the model's own place when None.
            dtype: of the weights; float32 when None, as published (a loaded model keeps its own).

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `bad_checkpoint`, `missing_weights`, `wrong_model`, `no_processor`, `slow_tokenizer`,
                `wrong_tokenizer` (not the one of uncased BERT, whose delimiters the models know by number),
                `bad_option`.
        """
        if max_text_tokens < 4 or not (0 <= box_threshold <= 1 and 0 <= text_threshold <= 1):
            message = "thresholds must be 0 to 1, max_text_tokens 4 or more; got "
            got = f"{box_threshold}, {text_threshold}, {max_text_tokens}."
            raise OcclusionError("bad_option", message + got)
        self._batches = AdaptiveBatches(batch_size, name="batch_size")
        self._model, self._processor = load_checkpoint(
            model_or_path, processor, model_types=MODEL_TYPES, device=device, dtype=dtype
        )
        self._tokenizer = self._processor.tokenizer
        _check_delimiters(self._tokenizer)
        self._box_threshold, self._text_threshold = box_threshold, text_threshold
        self._room = min(max_text_tokens, self._model.config.max_text_len) - 2  # Without [CLS] and [SEP].

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return what was found, best score first; the image may be of any mode.

        Raises:
            OcclusionError: what `refusal` returns for a phrase, `phrases_are_text`, `empty_phrase`,
                `duplicate_phrase`, `bad_image` (cut off), `not_a_number` (the model overflowed: use float32).
        """
        return found_alone(self.detect_many([(image, phrases)]))

    def detect_many(self, items: Sequence[tuple[Image, Sequence[str]]]) -> list[list[Detection] | Undetected]:
        """Return one result for each (image, phrases), in order; passes are batched by `batch_size`, or fewer.

        What a call with an item would raise is that item's result.
        """
        found: list[list[Detection] | Undetected] = [[] for _ in items]
        passes: list[_Pass] = []
        for item, (image, phrases) in enumerate(items):
            try:
                passes.extend(self._passes(item, image, phrases))
            except OcclusionError as error:
                found[item] = Undetected(error.reason, str(error))
        for one, result in zip(passes, self._batches.run(passes, self._detect, too_large), strict=True):
            so_far = found[one.item]
            if isinstance(so_far, list):
                found[one.item] = result if isinstance(result, Undetected) else [*so_far, *result]
        return [one if isinstance(one, Undetected) else by_score(one) for one in found]

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None: ask first, and drop and count.

        Its reason is `sub_sentence` (a "." or "?" in it), `phrase_too_long`, `special_token`, `no_token` or
        `empty_phrase`.
        """
        return refusal_through(self._token_counts, phrase)

    def _passes(self, item: int, image: Image, phrases: Sequence[str]) -> Iterator[_Pass]:
        plain = normalized_phrases(phrases)
        if not plain:
            return
        rgb, costs = rgb_of(image), [count + 1 for count in self._token_counts(plain)]  # And its ".".
        for indices in pack(costs, self._room):
            yield _Pass(item, rgb, [phrases[i] for i in indices], join_phrases([plain[i] for i in indices]))

    def _token_counts(self, plain: Sequence[str]) -> list[int]:
        encoded = self._tokenizer(list(plain), add_special_tokens=False, truncation=False, verbose=False)
        special, cuts = self._tokenizer.all_special_ids, (_ISOLATING["."], _ISOLATING["?"])
        for phrase, ids in zip(plain, encoded["input_ids"], strict=True):
            refused = refusal_of(phrase, ids, room=self._room - 1, special_ids=special, separators=cuts)
            if refused is not None:
                raise refused
        return [len(ids) for ids in encoded["input_ids"]]

    def _detect(self, batch: Sequence[_Pass]) -> list[list[Detection] | Undetected]:
        output, offsets_B_T_2 = self._forward(batch)
        found: list[list[Detection] | Undetected] = []
        for one, logits_Q_T, boxes_Q_4, offsets_T_2 in zip(
            batch, output.logits, output.pred_boxes, offsets_B_T_2, strict=True
        ):
            try:
                own_Q_T, boxes_Q_4 = checked_array(logits_Q_T[:, : len(offsets_T_2)]), checked_array(boxes_Q_4)
                found.append(self._label(one, own_Q_T, boxes_Q_4, offsets_T_2))
            except OcclusionError as error:
                found.append(Undetected(error.reason, str(error)))
        return found

    def _label(
        self,
        one: _Pass,
        logits_Q_T: NDArray[np.float64],
        boxes_Q_4: NDArray[np.float64],
        offsets_T_2: NDArray[np.int64],
    ) -> list[Detection]:
        logits_Q_P = phrase_logits(logits_Q_T, offsets_T_2, one.joined.spans)
        above_Q = sigmoid(logits_Q_T.max(axis=1)) > self._box_threshold
        kept_Q = above_Q & (sigmoid(logits_Q_P.max(axis=1)) > self._text_threshold)
        sizes = {"read_wh": one.image.size, "size_wh": one.image.size}
        return label_queries(logits_Q_P, boxes_Q_4, one.phrases, kept_Q=kept_Q, **sizes)

    def _forward(self, batch: Sequence[_Pass]) -> tuple[Any, NDArray[np.int64]]:
        """Run the model; return its output, and the characters of each token `(B, T, 2)`."""
        import torch

        texts, images = [one.joined.text for one in batch], [one.image for one in batch]
        encoded = self._tokenizer(
            texts, padding=True, truncation=False, return_offsets_mapping=True, return_tensors="pt"
        )
        offsets_B_T_2: NDArray[np.int64] = encoded.pop("offset_mapping").numpy()
        pixels = self._processor.image_processor(images=images, return_tensors="pt")
        pixels["pixel_values"] = pixels["pixel_values"].to(self._model.dtype)
        with torch.inference_mode():
            return self._model(**encoded.to(self._model.device), **pixels.to(self._model.device)), offsets_B_T_2


def phrase_logits(
    logits_Q_T: NDArray[np.float64], offsets_T_2: NDArray[np.int64], spans: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Return the logit of each phrase for each query `(Q, P)`: the highest of the tokens within the phrase's span.

    Args:
        logits_Q_T: of each query for each token.
        offsets_T_2: first character of each token in the text, and the one after its last; equal for special tokens.
        spans: the same for each phrase, which has a token.

    >>> offsets_T_2 = np.array([[0, 0], [0, 3], [3, 4], [5, 8], [8, 9], [0, 0]])  # [CLS] cat . dog . [SEP]
    >>> phrase_logits(np.array([[9.0, 2.0, 8.0, -4.0, 7.0, 9.0]]), offsets_T_2, [(0, 3), (5, 8)]).tolist()
    [[2.0, -4.0]]
    """
    starts_T, ends_T = offsets_T_2[:, 0], offsets_T_2[:, 1]
    columns = [
        logits_Q_T[:, (starts_T >= start) & (ends_T <= end) & (starts_T < ends_T)].max(axis=1) for start, end in spans
    ]
    return np.stack(columns, axis=1)


def _check_delimiters(tokenizer: Any) -> None:
    found = {token: tokenizer.convert_tokens_to_ids(token) for token in _ISOLATING}
    if found != _ISOLATING:
        message = f"tokenizer must be that of uncased BERT, with {_ISOLATING}; got {found}."
        raise OcclusionError("wrong_tokenizer", message)
