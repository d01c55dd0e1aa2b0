"""Pairs as cards of a gallery: both pictures in one, and what training did to a held-out pair."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shard_runner import Row

from svco.comparing import image_choice, text_choice

if TYPE_CHECKING:
    from PIL import Image
    from run_report import GalleryItem

HEIGHT_PX, MAX_WIDTH_PX, GAP_PX = 220, 330, 6
"""Height of both pictures, largest width of one of them, and what lies between."""

MAX_TEXT_CHARS = 1200
"""Longer texts are cut on a card, and the cut is stated."""

_GRAY, _WHITE, _MARK = (150, 150, 150), (255, 255, 255), (214, 40, 40)


class PairPicture(NamedTuple):
    """Two pictures side by side."""

    image: "Image.Image"
    """In RGB; a gray tile with the reason stands for a picture that cannot be opened."""
    problems: tuple[str, ...]
    """What is wrong with them, such as `left image: missing`."""


def pair_picture(image_a: str, image_b: str, *, root: Path, box_xyxy_px: Sequence[float] | None = None) -> PairPicture:
    """Put two images of a folder side by side, at one height.

    Args:
        image_a: the left one, relative to `root`.
        image_b: the right one.
        root: folder that both must be in.
        box_xyxy_px: what differs, in pixels of the left image; outlined at the same place in both.
    """
    from box_space import ImageError, open_image

    opened: list[Image.Image | str] = []
    for path in (image_a, image_b):
        try:
            opened.append(open_image(path, root=root))
        except ImageError as error:
            opened.append(error.reason)
    problems = [f"{side} image: {one}" for side, one in zip(("left", "right"), opened, strict=True) if _is_reason(one)]
    height = _common_height([one.height for one in opened if not isinstance(one, str)])
    box = None if isinstance(opened[0], str) else _box_as_shares(box_xyxy_px, opened[0].size)
    return PairPicture(_joined([_tile(one, height, box) for one in opened]), tuple(problems))


def pair_card(row: Row, *, root: Path, logps: Sequence[Sequence[float]] = ()) -> "GalleryItem":
    """The card of a pair; with its log-probabilities before and after training, also what became of its choices."""
    from run_report import GalleryItem

    picture = pair_picture(row["image_a"], row["image_b"], root=root, box_xyxy_px=row.get("box_changed"))
    changes = choice_changes(*logps) if len(logps) == 2 else []
    return GalleryItem(
        id=row["id"],
        image=picture.image,
        question=_cut(row["question"]),
        truth=f"left: {_cut(row['text_x'])} / right: {_cut(row['text_y'])}",
        caption=" ".join([*_measures(row), *_preferences(logps), *(f"{problem}." for problem in picture.problems)]),
        tags=[*([row["category"]] if row["category"] else []), *changes],
    )


def choice_changes(before: Sequence[float], after: Sequence[float]) -> list[str]:
    """Say of each forced choice whether training taught it; both arguments in the order of `svco_loss` references.

    >>> choice_changes([-5, -9, -9, -5, -6, -9], [-6, -5, -9, -4, -7, -9])
    ['text for image: right both times', 'image for text: lost']
    """
    from run_report import change_tag

    old, new = _by_name(before), _by_name(after)
    choices = {"text for image": text_choice, "image for text": image_choice}
    return [f"{name}: {change_tag(choice(old), choice(new))}" for name, choice in choices.items()]


def _by_name(logps: Sequence[float]) -> dict[str, float]:
    from svco_loss.references import FIELDS

    return dict(zip(FIELDS, logps, strict=True))


def _measures(row: Mapping[str, object]) -> list[str]:
    share, semantic, visual = (row.get(name) for name in ("changed_share", "semantic", "visual"))
    found = [f"{100 * share:.1f} % of the pixels differ."] if isinstance(share, float | int) else []
    if isinstance(semantic, float) and isinstance(visual, float):
        found.append(f"Alike by {semantic:.2f} in meaning, {visual:.2f} in looks.")
    return found


def _preferences(logps: Sequence[Sequence[float]]) -> list[str]:
    """How much likelier each image makes its own text than the other, before and after."""
    sides = [_by_name(values) for values in logps]
    left = " → ".join(f"{side['x_given_a'] - side['y_given_a']:+.1f}" for side in sides)
    right = " → ".join(f"{side['y_given_b'] - side['x_given_b']:+.1f}" for side in sides)
    text = f"Own text over the other: left {left}, right {right} nats."
    return [text.replace("-", "−")] if sides else []


def _cut(text: str) -> str:
    more = len(text) - MAX_TEXT_CHARS
    return text if more <= 0 else f"{text[:MAX_TEXT_CHARS]} … ({more} more characters)"


def _is_reason(opened: object) -> bool:
    return isinstance(opened, str)


def _common_height(heights: Sequence[int]) -> int:
    """Small pictures are enlarged by a whole number, so that their pixels stay even."""
    tallest = max(heights, default=HEIGHT_PX)
    return HEIGHT_PX if tallest >= HEIGHT_PX else tallest * (HEIGHT_PX // tallest)


def _box_as_shares(box_xyxy_px: Sequence[float] | None, size_wh: tuple[int, int]) -> list[float] | None:
    if not box_xyxy_px:
        return None
    return [value / size_wh[axis % 2] for axis, value in enumerate(box_xyxy_px)]


def _tile(opened: "Image.Image | str", height: int, box: Sequence[float] | None) -> "Image.Image":
    """A picture at the common height; one that would be too wide lies between gray bars."""
    from PIL import Image, ImageDraw

    if isinstance(opened, str):
        blank = Image.new("RGB", (HEIGHT_PX, height), _GRAY)
        ImageDraw.Draw(blank).text((8, height // 2 - 6), opened, fill=(0, 0, 0))
        return blank
    scale = min(height / opened.height, MAX_WIDTH_PX / opened.width)
    size = (max(1, round(opened.width * scale)), max(1, round(opened.height * scale)))
    sized = opened.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)
    if box is not None:
        _outline(sized, box)
    tile = Image.new("RGB", (size[0], height), _GRAY)
    tile.paste(sized, (0, (height - size[1]) // 2))
    return tile


def _outline(image: "Image.Image", box: Sequence[float]) -> None:
    """Draw a frame just outside a box in shares of the image; white around red is seen on anything."""
    from PIL import ImageDraw

    left, top, right, lower = (value * image.size[axis % 2] for axis, value in enumerate(box))
    x0, y0 = max(0, math.floor(left) - 4), max(0, math.floor(top) - 4)
    x1, y1 = max(x0, min(image.width - 1, math.ceil(right) + 3)), max(y0, min(image.height - 1, math.ceil(lower) + 3))
    draw = ImageDraw.Draw(image)
    draw.rectangle((x0, y0, x1, y1), outline=_WHITE, width=4)
    if x1 - x0 > 2 and y1 - y0 > 2:
        draw.rectangle((x0 + 1, y0 + 1, x1 - 1, y1 - 1), outline=_MARK, width=2)


def _joined(tiles: "Sequence[Image.Image]") -> "Image.Image":
    from PIL import Image

    left, right = tiles
    joined = Image.new("RGB", (left.width + GAP_PX + right.width, left.height), _WHITE)
    joined.paste(left, (0, 0))
    joined.paste(right, (left.width + GAP_PX, 0))
    return joined
