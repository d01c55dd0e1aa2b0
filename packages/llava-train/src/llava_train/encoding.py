"""Rows as token ids, answer-only labels, token weights and image inputs."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from PIL import Image

from llava_train.answer_spans import AnswerSpan, find_answer_spans
from llava_train.bounded_cache import BoundedCache
from llava_train.dialogue import Dialogue, ImageRef, read_dialogue
from llava_train.errors import RowError, UnsupportedModelError
from llava_train.extras import require
from llava_train.image_inputs import ChangeImage, ImageInputs, load_image, read_images
from llava_train.token_kinds import read_token_types

IGNORED = -100
"""Label of a token that no loss is taken on."""


@dataclass(frozen=True)
class TokenizedDialogue:
    """Token ids of one dialogue and where its answers stand."""

    input_ids: array[int]
    spans: tuple[AnswerSpan, ...]
    replacements: tuple[str, ...]
    """The image texts that the ids were made with."""

    @property
    def nbytes(self) -> int:
        """Bytes kept, about."""
        return self.input_ids.itemsize * len(self.input_ids) + 64 * len(self.spans) + 200


@dataclass(frozen=True)
class EncodedRow:
    """One row, ready to be put into a batch."""

    input_ids: list[int]
    """T token ids, image tokens expanded."""
    labels: list[int]
    """T labels: the token id inside answers and their end tokens, -100 elsewhere. Not shifted.

    An answer of weight 0 counts as elsewhere.
    """
    weights: list[float]
    """T loss weights: the answer's own weight times answer length ** -p inside answers, 0 elsewhere."""
    token_types: list[int] | None
    """T kinds of token (0 text, 1 image) where the model wants them."""
    images: dict[str, Any]
    """Model inputs of the images, such as `pixel_values`."""


class RowEncoder:
    """Encodes rows with a model's processor; remembers tokens and pixel values within a bound of memory."""

    def __init__(
        self,
        processor: Any,
        *,
        stop_ids: frozenset[int],
        length_weighting: float = 0.0,
        max_length: int | None = None,
        image_root: str | None = None,
        needs_images: bool = False,
        cache_mb: int = 256,
    ) -> None:
        """Take the processor and find out whether its chat template closes answers by an end token.

        Args:
            processor: a multimodal processor with a chat template.
            stop_ids: tokens that end generation.
            length_weighting: p of the answer weight `length ** -p`, by which a turn's own weight is multiplied.
            max_length: longest row in tokens; None for no limit.
            image_root: folder that relative image paths start from.
            needs_images: whether `check` refuses rows without one.
            cache_mb: MiB for what was seen before; nine tenths for images.

        Raises:
            UnsupportedModelError: no image token, no chat template or no end token.
        """
        _check_processor(processor, stop_ids)
        self.processor = processor
        self._stop_ids = stop_ids
        self._length_weighting = length_weighting
        self._max_length = max_length
        self._image_root = image_root
        self._needs_images = needs_images
        limit = cache_mb * 2**20
        nbytes = attrgetter("nbytes")  # a lambda could not go to a data-loading process
        self._images = BoundedCache[ImageInputs](limit_bytes=limit * 9 // 10, size_of=nbytes)
        self._texts = BoundedCache[TokenizedDialogue](limit_bytes=limit // 10, size_of=nbytes)
        self._by_size = BoundedCache[ImageInputs](limit_bytes=4096, size_of=_one)
        self._adds_token_types = bool(read_token_types(processor, [0]))
        self.end_token = "" if self._template_ends_answers() else str(processor.tokenizer.eos_token)

    def encode(self, row: Mapping[str, Any], *, change: ChangeImage | None = None) -> EncodedRow:
        """Token ids, labels, weights and image inputs of a row.

        Args:
            row: to encode.
            change: what is done to each of its images first, without changing the size; None for nothing. Changed
                images are neither kept nor taken from those kept.

        Raises:
            RowError: the row cannot be a dialogue, or its answers cannot be told apart.
            box_space.ImageError: an image of it cannot be read.
        """
        dialogue = read_dialogue(row)
        images = self._images_of(dialogue, change)
        tokenized = self._tokenize_once(row, dialogue, images.replacements)
        input_ids = list(tokenized.input_ids)
        types = read_token_types(self.processor, input_ids) if self._adds_token_types else None
        labels, weights = _label(input_ids, tokenized.spans, dialogue.answer_weights, self._length_weighting)
        return EncodedRow(input_ids, labels, weights, types, images.tensors)

    def check(self, row: Mapping[str, Any]) -> int:
        """Number of tokens of a row after reading everything that training will read; pixel values are not computed.

        Raises:
            RowError: as `encode`; `too_long` where the row is longer than `max_length`; `no_image`.
            box_space.ImageError: an image of it cannot be read.
        """
        if self._needs_images and not read_dialogue(row).images:
            raise RowError("no_image", "projector and vision tower learn from images alone (train_language=False).")
        return len(self.tokenize(row).input_ids)

    def tokenize(self, row: Mapping[str, Any]) -> TokenizedDialogue:
        """Token ids of a row and where its answers stand; images are opened for their sizes alone.

        Raises:
            RowError: as `check`.
            box_space.ImageError: an image of it cannot be read.
        """
        dialogue = read_dialogue(row)
        sizes = tuple(load_image(image, self._image_root).size for image in dialogue.images)
        blank = self._by_size.get(sizes, lambda: _read_blank_images(self.processor, sizes))
        return self._tokenize_once(row, dialogue, blank.replacements)

    def _images_of(self, dialogue: Dialogue, change: ChangeImage | None) -> ImageInputs:
        if change is not None:
            return self._read_images(dialogue.images, change)
        held = tuple(image for image in dialogue.images if isinstance(image, Image.Image))
        return self._images.get(_image_key(dialogue), lambda: replace(self._read_images(dialogue.images), held=held))

    def _read_images(self, images: Sequence[ImageRef], change: ChangeImage = lambda image: image) -> ImageInputs:
        return read_images(self.processor, [change(load_image(image, self._image_root)) for image in images])

    def _tokenize_once(
        self, row: Mapping[str, Any], dialogue: Dialogue, replacements: tuple[str, ...]
    ) -> TokenizedDialogue:
        key = (str(row.get("id")), repr(dialogue.messages), replacements)
        return self._texts.get(key, lambda: self._tokenize(dialogue, replacements))

    def _tokenize(self, dialogue: Dialogue, replacements: tuple[str, ...]) -> TokenizedDialogue:
        self._refuse_special_tokens(dialogue)
        closed = _close_answers(dialogue, self.end_token)
        ids, spans = find_answer_spans(closed, self._render, self._tokenizer_with(replacements), self._stop_ids)
        if self._max_length is not None and len(ids) > self._max_length:
            images = f", {len(replacements)} images counted" if replacements else ""
            raise RowError("too_long", f"{len(ids)} tokens{images}; at most {self._max_length} (max_length) fit.")
        return TokenizedDialogue(array("i", ids), tuple(spans), replacements)

    def _refuse_special_tokens(self, dialogue: Dialogue) -> None:
        specials = set(self.processor.tokenizer.all_special_tokens) | {self.processor.image_token}
        for message in dialogue.messages:
            for part in message["content"]:
                found = next((token for token in specials if token in part.get("text", "")), None)
                if found is not None:
                    raise RowError("special_token_in_text", f"a {message['role']} text holds the literal {found!r}.")

    def _render(self, messages: Sequence[dict[str, Any]], opens_answer: bool) -> str:
        return self.processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=opens_answer)

    def _tokenizer_with(self, replacements: tuple[str, ...]) -> Any:
        tokenizer, placeholder = self.processor.tokenizer, self.processor.image_token

        def tokenize(text: str) -> list[int]:
            pieces = text.split(placeholder)
            expanded = pieces[0] + "".join(a + b for a, b in zip(replacements, pieces[1:], strict=False))
            has_bos = tokenizer.bos_token is not None and text.startswith(tokenizer.bos_token)
            return tokenizer(expanded, add_special_tokens=not has_bos)["input_ids"]

        return tokenize

    def _template_ends_answers(self) -> bool:
        question = {"role": "user", "content": [{"type": "text", "text": "a"}]}
        answer = {"role": "assistant", "content": [{"type": "text", "text": "b"}]}
        probe = Dialogue((question, answer), ())
        try:
            find_answer_spans(probe, self._render, self._tokenizer_with(()), self._stop_ids)
        except RowError as error:
            if error.reason != "no_end_token":
                raise UnsupportedModelError(f"the chat template cannot be trained on: {error.detail}") from error
            return False
        return True


def stop_token_ids(model: str, tokenizer: Any) -> frozenset[int]:
    """Tokens that end generation: the tokenizer's end token and those of the model's generation settings."""
    transformers = require("transformers")
    try:
        from_model = transformers.GenerationConfig.from_pretrained(model).eos_token_id
    except OSError:
        from_model = None
    ids = [from_model] if isinstance(from_model, int) else list(from_model or ())
    return frozenset(ids if tokenizer.eos_token_id is None else [*ids, tokenizer.eos_token_id])


def _one(_: object) -> int:
    return 1


def _check_processor(processor: Any, stop_ids: frozenset[int]) -> None:
    name = type(processor).__name__
    if getattr(processor, "image_token", None) is None or getattr(processor, "tokenizer", None) is None:
        raise UnsupportedModelError(f"{name} has no image token; a vision-language model with a processor is needed.")
    if not processor.chat_template:
        raise UnsupportedModelError(f"{name} has no chat template; set processor.chat_template and save it.")
    if not stop_ids:
        raise UnsupportedModelError(f"{name} has no end token; set eos_token in its tokenizer.")


def _image_key(dialogue: Dialogue) -> tuple[Any, ...]:
    return tuple(id(image) if isinstance(image, Image.Image) else image for image in dialogue.images)


def _read_blank_images(processor: Any, sizes: Sequence[tuple[int, int]]) -> ImageInputs:
    inputs = read_images(processor, [Image.new("RGB", size) for size in sizes])
    return ImageInputs({}, inputs.replacements)


def _close_answers(dialogue: Dialogue, end_token: str) -> Dialogue:
    if not end_token:
        return dialogue
    messages = [dict(message) for message in dialogue.messages]
    for k in dialogue.answer_turns:
        *parts, last = messages[k]["content"]
        messages[k]["content"] = [*parts, {"type": "text", "text": last["text"] + end_token}]
    return Dialogue(tuple(messages), dialogue.images)


def _label(
    ids: list[int], spans: Sequence[AnswerSpan], answer_weights: Sequence[float], power: float
) -> tuple[list[int], list[float]]:
    labels, weights = [IGNORED] * len(ids), [0.0] * len(ids)
    for span, answer_weight in zip(spans, answer_weights, strict=True):
        if answer_weight > 0:
            labels[span.start : span.stop] = ids[span.start : span.stop]
            weights[span.start : span.stop] = [answer_weight * span.length**-power] * span.length
    return labels, weights
