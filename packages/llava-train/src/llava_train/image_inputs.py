"""Images as the model's processor wants them, with the text that their placeholders stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from box_space import clean_image, open_image
from PIL import Image

from llava_train.dialogue import ImageRef
from llava_train.errors import UnsupportedModelError

ChangeImage = Callable[[Image.Image], Image.Image]
"""Makes another image of the same size."""


@dataclass(frozen=True)
class ImageInputs:
    """Model inputs of all images of one row."""

    tensors: dict[str, Any]
    """Keyword arguments of the model such as `pixel_values`; the first axis of each is that of images or patches."""
    replacements: tuple[str, ...]
    """For each image the text of image tokens that takes the place of its placeholder."""
    held: tuple[Image.Image, ...] = ()
    """PIL images that a cache knows these inputs by: while they are held, no other image gets their identity."""

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors and of the images held."""
        held = sum(image.width * image.height * len(image.getbands()) for image in self.held)
        return held + sum(tensor.nbytes for tensor in self.tensors.values())


def load_image(image: ImageRef, image_root: str | None) -> Image.Image:
    """The RGB image of a path or a PIL image; the same pixels for the same picture.

    Raises:
        box_space.ImageError: the file is missing, broken, too large, or outside `image_root`.
    """
    if isinstance(image, Image.Image):
        return clean_image(image)
    return open_image(image, root=None if image_root is None else Path(image_root))


def read_images(processor: Any, images: Sequence[Image.Image]) -> ImageInputs:
    """Run the processor over the images of one row, once.

    Raises:
        UnsupportedModelError: the processor does not tell what it puts in the place of an image placeholder.
    """
    if not images:
        return ImageInputs({}, ())
    placeholders = "".join([processor.image_token] * len(images))
    out = processor(images=list(images), text=[placeholders], return_tensors="pt", return_text_replacement_offsets=True)
    offsets = out.pop("text_replacement_offsets", None)
    replacements = tuple(part["replacement"] for part in offsets[0]) if offsets else ()
    if len(replacements) != len(images):
        raise UnsupportedModelError(
            f"{type(processor).__name__} does not report the tokens that stand for an image; "
            "use a model whose processor implements replace_image_token (LLaVA, Qwen-VL, InternVL, Gemma 3 and others)."
        )
    text_keys = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")
    return ImageInputs({key: value for key, value in out.items() if key not in text_keys}, replacements)
