"""Left/right pairs from single images: the mirrored image, and the text that is true of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from svco_loss.errors import SideError, SvcoLossError
from svco_loss.pairs.checks import wrong_text
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.pixels import open_pixels
from svco_loss.pairs.png_store import pixel_digest
from svco_loss.pairs.sides import side_counts, swap_sides

if TYPE_CHECKING:
    from PIL import Image

LEFT_RIGHT = "left_right"
"""Category of mirrored pairs."""

_LONGEST_STEM_BYTES = 120


def mirror_pairs(
    pairs: Iterable[ImagePair],
    folder: str | os.PathLike[str],
    *,
    image_root: Path | None = None,
    has_readable_text: Callable[[Image.Image], bool] | None = None,
) -> CheckedPairs:
    """Give each pair the mirrored image a as image b, text x with left and right swapped as text y, and the category
    `left_right`; what stood there before is not looked at.

    Mirrored images are written to the folder as PNG (a second JPEG compression would mark them), under the name of
    their source and a digest of their pixels, so that a second run writes the same files.

    Refused with a reason: `no_side` and `ambiguous_side` as in `swap_sides`, the latter also where the question names
    one side more often than the other; `readable_text`; `same_image` where mirroring changes nothing; `empty_text`;
    `too_narrow` and those of `box_space.ImageError`.

    Args:
        pairs: whose image a and text x belong together.
        folder: made if it is not there; inside `image_root` if that is given.
        image_root: folder that all images must really be in, and that the new paths are relative to; None allows any.
        has_readable_text: tells of an image whether it shows text, which mirroring would spoil; None: it is not asked.

    Raises:
        SvcoLossError: the folder lies outside `image_root` or cannot be written to, or box-space is not installed.
    """
    target = Path(folder)
    if image_root is not None and not target.resolve().is_relative_to(image_root.resolve()):
        raise SvcoLossError(f"folder must lie inside image_root ({image_root}); got {target}")

    def mirrored(pair: ImagePair) -> ImagePair | RefusedPair:
        from box_space import ImageError

        try:
            swapped = replace(pair, text_y=_swapped_text(pair), category=LEFT_RIGHT)
            image = open_pixels(pair.image_a, image_root=image_root)
        except (SideError, ImageError) as error:
            return RefusedPair(pair.row, error.reason, str(error))
        refusal = wrong_text(swapped) or _wrong_image(pair, image, has_readable_text)
        return refusal or replace(swapped, image_b=_written(pair.image_a, image, target, image_root))

    return told_apart(mirrored(pair) for pair in pairs)


def _swapped_text(pair: ImagePair) -> str:
    asked = side_counts(pair.question)
    if asked.left != asked.right:
        raise SideError("ambiguous_side", "the question names one side, and so would be wrong of one of the images")
    return swap_sides(pair.text_x, asked=asked.left > 0)


def _wrong_image(
    pair: ImagePair, image: Image.Image, has_readable_text: Callable[[Image.Image], bool] | None
) -> RefusedPair | None:
    from PIL import ImageOps

    if ImageOps.mirror(image).tobytes() == image.tobytes():
        return RefusedPair(pair.row, "same_image", f"{pair.image_a!r} is its own mirror image")
    if has_readable_text and has_readable_text(image):
        return RefusedPair(pair.row, "readable_text", f"{pair.image_a!r} shows text, which mirroring would spoil")
    return None


def _written(source: str, image: Image.Image, folder: Path, image_root: Path | None) -> str:
    """Path of the mirrored image as a pair names it; the file is there whole or not at all."""
    from PIL import ImageOps

    mirrored = ImageOps.mirror(image)
    stem = Path(source).stem.encode("utf-8", "replace")[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore")
    target = folder / f"{stem}.mirrored-{pixel_digest(mirrored)[:12]}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(mirrored, target)
    except OSError as error:
        raise SvcoLossError(f"{target} cannot be written: {error}. The folder must be writable") from error
    return target.resolve().relative_to(image_root.resolve()).as_posix() if image_root else str(target)


def _write_whole(image: Image.Image, target: Path) -> None:
    handle, partial = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            image.save(file, "PNG")
        Path(partial).chmod(0o644)
        Path(partial).replace(target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
