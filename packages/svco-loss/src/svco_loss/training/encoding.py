"""A pair as token ids and image inputs, by the model's own processor and chat template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llava_train import RowEncoder, RowError
from PIL import Image

from svco_loss.errors import TrainingError
from svco_loss.pairs.mvc import ImagePair, RefusedPair

ImageRef = str | Image.Image


@dataclass(frozen=True)
class EncodedPair:
    """One pair, ready to be put into a `PairBatch`."""

    prompt_a: list[int]
    """Token ids up to where the answer begins, image tokens of image a expanded."""
    prompt_b: list[int]
    prompt_none: list[int]
    """The same prompt without an image."""
    answer_x: list[int]
    """Token ids of text x, end token included."""
    answer_y: list[int]
    images_a: dict[str, Any]
    """Image inputs of image a, such as `pixel_values`."""
    images_b: dict[str, Any]


class PairEncoder:
    """Encodes pairs with a row encoder of llava-train, which finds answers and their end tokens for any template."""

    def __init__(self, rows: RowEncoder, *, max_answer_tokens: int, cuts_long_answers: bool = False) -> None:
        """Take the encoder of rows.

        Args:
            rows: without a longest row of its own, since images are never cut.
            max_answer_tokens: longest text, end token included.
            cuts_long_answers: longer texts lose their end; otherwise they are refused.
        """
        self.rows = rows
        self.max_answer_tokens = max_answer_tokens
        self.cuts_long_answers = cuts_long_answers

    def encode(self, pair: ImagePair) -> EncodedPair:
        """Token ids and image inputs of a pair.

        Raises:
            llava_train.RowError: the template or a text cannot be trained on.
            box_space.ImageError: an image cannot be read.
            TrainingError: a text has other tokens behind an image than without one.
        """
        with_a, with_b = (
            self.rows.encode(_row(pair, image, text))
            for image, text in ((pair.image_a, pair.text_x), (pair.image_b, pair.text_y))
        )
        prompt_a, x = _parted(with_a.input_ids, [label >= 0 for label in with_a.labels])
        prompt_b, y = _parted(with_b.input_ids, [label >= 0 for label in with_b.labels])
        prompt_none, x_alone = self._tokens(pair, None, pair.text_x)
        _, y_alone = self._tokens(pair, None, pair.text_y)
        if x != x_alone or y != y_alone:
            raise TrainingError(f"pair {pair.row}: a text has other tokens behind an image than without one.")
        most = self.max_answer_tokens
        return EncodedPair(prompt_a, prompt_b, prompt_none, x[:most], y[:most], with_a.images, with_b.images)

    def check(self, pair: ImagePair, image_a: Image.Image, image_b: Image.Image) -> RefusedPair | tuple[int, int]:
        """Numbers of tokens of both texts, or why the pair cannot be trained on; pixel values are not computed."""
        try:
            lengths = [
                len(self._tokens(pair, image, text)[1])
                for image, text in ((image_a, pair.text_x), (image_b, pair.text_y))
            ]
            self._tokens(pair, None, pair.text_x)
        except RowError as error:
            return RefusedPair(pair.row, error.reason, error.detail)
        if max(lengths) > self.max_answer_tokens and not self.cuts_long_answers:
            detail = f"a text has {max(lengths)} tokens, more than {self.max_answer_tokens} (max_answer_tokens)"
            return RefusedPair(pair.row, "too_long", detail)
        return lengths[0], lengths[1]

    def _tokens(self, pair: ImagePair, image: ImageRef | None, text: str) -> tuple[list[int], list[int]]:
        """Prompt and answer."""
        found = self.rows.tokenize(_row(pair, image, text))
        (span,) = found.spans
        ids = list(found.input_ids)
        return ids[: span.start], ids[span.start : span.stop]


def _row(pair: ImagePair, image: ImageRef | None, text: str) -> dict[str, Any]:
    question = [{"type": "text", "text": pair.question}]
    messages = [
        {"role": "user", "content": ([] if image is None else [{"type": "image"}]) + question},
        {"role": "assistant", "content": [{"type": "text", "text": text}]},
    ]
    if pair.system:
        messages.insert(0, {"role": "system", "content": [{"type": "text", "text": pair.system}]})
    return {"messages": messages, "images": [] if image is None else [image]}


def _parted(ids: list[int], is_answer: list[bool]) -> tuple[list[int], list[int]]:
    start = is_answer.index(True)
    return ids[:start], [token for token, inside in zip(ids, is_answer, strict=True) if inside]
