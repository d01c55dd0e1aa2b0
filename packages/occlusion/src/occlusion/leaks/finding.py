"""The leak test of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from occlusion.errors import OcclusionError
from occlusion.leaks.leak import Leak
from occlusion.leaks.naming import words_in_common
from occlusion.leaks.pixels import MIN_HIDDEN_SHARE, pixel_leaks
from occlusion.leaks.saved_file import file_leaks, open_file
from occlusion.objects import Mask, Pixels, masks_of, size_wh_of
from occlusion.questions.wording import Question
from occlusion.questions.writing import tells


def find_leaks(
    after: str | Path | Image.Image | Pixels,
    *,
    entity_head: str,
    before: Image.Image | Pixels | None = None,
    mask_hw: Mask | Sequence[Mask] | None = None,
    caption: str = "",
    question: Question | str | None = None,
    name: str | None = None,
    min_hidden_share: float = MIN_HIDDEN_SHARE,
) -> list[Leak]:
    """Return all that still gives a hidden object away; an empty list is a pass of these tests, not a proof.

    Args:
        after: the occluded picture. Of a file, metadata and name are tested too; of a picture in memory, only pixels.
        entity_head: what is hidden.
        before: the picture as it was; without it the pixels are not compared, and every preview is a leak.
        mask_hw: array `(H, W)` of the object, or several; needed with `before`.
        caption: metadata that holds it are a leak, even if they do not name the entity.
        question: what is asked.
        name: path by which readers know the file, folders included; the name of the file alone when None.
        min_hidden_share: share of each object's pixels that must have changed by 16 levels or more in some channel. A
            weak blur of a flat surface fails here, as it should.

    Raises:
        OcclusionError: `unreadable_image`, `bad_image` (not RGB in memory, or of two sizes), `bad_mask`, `empty_mask`.

    >>> gray, mask = np.full((8, 8, 3), 50, np.uint8), np.ones((8, 8), bool)
    >>> [leak.kind for leak in find_leaks(gray, before=gray, mask_hw=mask, entity_head="key", question="A key?")]
    ['object_visible', 'question']
    """
    if (before is None) != (mask_hw is None):
        raise OcclusionError("bad_mask", "before and mask_hw must be given together; got one of them.")
    file = open_file(after) if isinstance(after, (str, Path)) else None
    original, masks = _compared(before, mask_hw)
    leaks: list[Leak] = []
    if original is not None:
        leaks += pixel_leaks(original, file.pixels if file else _pixels(after), masks, min_hidden_share)
    if file:
        leaks += file_leaks(file, entity_head=entity_head, caption=caption, before=original, masks=masks)
    leaks += _name_leaks(name or (Path(str(after)).name if file else ""), entity_head)
    leaks += _question_leaks(question, entity_head)
    return leaks


def _compared(
    before: Image.Image | Pixels | None, mask_hw: Mask | Sequence[Mask] | None
) -> tuple[Pixels | None, list[Mask]]:
    if before is None:
        return None, []
    masks = masks_of(mask_hw, size_wh_of(before))
    if not masks or not all(np.any(mask) for mask in masks):
        raise OcclusionError("empty_mask", "mask_hw must be non-zero on each object; got one without a pixel.")
    return np.asarray(before), masks


def _pixels(picture: object) -> Pixels:
    size_wh_of(picture)  # pyright: ignore[reportArgumentType]
    return np.asarray(picture)


def _name_leaks(name: str, entity_head: str) -> Iterator[Leak]:
    if words := words_in_common(name, entity_head):
        yield Leak("file_name", f"{name} says {', '.join(words)}")


def _question_leaks(question: Question | str | None, entity_head: str) -> Iterator[Leak]:
    text = f"{question.reasoning} {question.short}" if isinstance(question, Question) else question or ""
    words = words_in_common(text, entity_head)
    if words or (isinstance(question, Question) and tells(question, entity_head)):
        yield Leak("question", f"it says {', '.join(words) or 'a word of it'}: {text!r}")
