"""Which pairs can be trained on: found out before training, not in its third hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart

if TYPE_CHECKING:
    from PIL import Image


def check_pairs(
    pairs: Iterable[ImagePair],
    *,
    image_root: Path | None = None,
    count_tokens: Callable[[str], int] | None = None,
    most_answer_tokens: int = 128,
) -> CheckedPairs:
    """Return the pairs whose texts and images can be trained on, and why the others cannot.

    Args:
        pairs: as read.
        image_root: folder that all images must really be in; None allows any path.
        count_tokens: tokens of a text, end token included; None: lengths are not checked.
        most_answer_tokens: longest text; 128 in arXiv 2502.13928, where longer ones are cut without a word.

    Raises:
        SvcoLossError: box-space is not installed.
    """
    if find_spec("box_space") is None:
        raise SvcoLossError("check_pairs needs box-space: pip install 'svco-loss[data]'")
    return told_apart(
        wrong_text(pair) or _too_long(pair, count_tokens, most_answer_tokens) or _wrong_image(pair, image_root) or pair
        for pair in pairs
    )


def wrong_text(pair: ImagePair) -> RefusedPair | None:
    """Why a pair's texts cannot be trained on: `empty_text`, `same_text`; None where they can."""
    for name in ("question", "text_x", "text_y"):
        if not getattr(pair, name).strip():
            return RefusedPair(pair.row, "empty_text", f"{name} is empty")
    if " ".join(pair.text_x.split()) == " ".join(pair.text_y.split()):
        return RefusedPair(pair.row, "same_text", "both images have the same text")
    return None


def open_pair(pair: ImagePair, root: Path | None) -> tuple[Image.Image, Image.Image] | RefusedPair:
    """Both images, upright and in RGB, or why they cannot be trained on: `same_image` or a reason of `ImageError`."""
    from box_space import ImageError, open_image

    if pair.image_a == pair.image_b:
        return RefusedPair(pair.row, "same_image", f"{pair.image_a!r} stands on both sides")
    try:
        image_a, image_b = (open_image(path, root=root) for path in (pair.image_a, pair.image_b))
    except ImageError as error:
        return RefusedPair(pair.row, error.reason, str(error))
    if image_a.size == image_b.size and image_a.tobytes() == image_b.tobytes():
        return RefusedPair(pair.row, "same_image", f"{pair.image_a!r} and {pair.image_b!r} hold the same pixels")
    return image_a, image_b


def _too_long(pair: ImagePair, count_tokens: Callable[[str], int] | None, most: int) -> RefusedPair | None:
    for name in ("text_x", "text_y"):
        tokens = count_tokens(getattr(pair, name)) if count_tokens else 0
        if tokens > most:
            return RefusedPair(pair.row, "too_long", f"{name} has {tokens} tokens, more than {most}")
    return None


def _wrong_image(pair: ImagePair, root: Path | None) -> RefusedPair | None:
    opened = open_pair(pair, root)
    return opened if isinstance(opened, RefusedPair) else None
