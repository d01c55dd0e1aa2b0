"""Cards of the report: map, region and crop of a question to learn from; both turns of a held-out one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from box_space import Box, OriginalPixels
from PIL import Image
from shard_runner import Row

from chain_of_spot.true_boxes import true_boxes

if TYPE_CHECKING:
    from run_report import GalleryItem

HEIGHT_PX = 220
"""Height of the pictures of a card."""


def map_card(row: Row, root: Path) -> "GalleryItem":
    """A row of the step `annotate`: the image, its map with region and true boxes, and the crop."""
    from run_report import GalleryItem

    image, problem = _open(row, root)
    share = f"{100 * row['mass']:.0f} % of the map" if row["mass"] >= 0 else "from a file"
    caption = f"region: {_pixels(row['box_xyxy_px'])}; {share}" if row["box_xyxy_px"] else "no region"
    return GalleryItem(
        id=row["id"],
        image=None if image is None else _map_picture(row, image),
        question=row["question"],
        truth=row["answer"],
        caption=caption + problem,
        tags=["region"] if row["box_xyxy_px"] else ["no region"],
    )


def asked_card(row: Row, before: Mapping[str, Row]) -> "GalleryItem":
    """A held-out question of `grades-after`: where the model looked and what it was shown, with both turns."""
    from run_report import GalleryItem, ShownTrial, change_tag

    (image, problem), old = _open(row, None), before.get(row["id"])
    graded = [(name, one["trials"][0]) for name, one in (("before", old), ("after", row)) if one]
    right = {name: bool(trial["score"]) for name, trial in graded}
    return GalleryItem(
        id=row["id"],
        image=None if image is None else _asked_picture(row, image),
        question=row["question"],
        truth=str(row["answer"]),
        caption=f"where: {row['where_text']} ({row['box_reading']}){problem}",
        trials=[ShownTrial(text=f"{name}: {t['text']}", verdict=bool(t["score"])) for name, t in graded],
        tags=[row["task"], change_tag(right.get("before"), right["after"])],
    )


def _map_picture(row: Row, image: Image.Image) -> Image.Image:
    from roi_attention import overlay, row_to_map, side_by_side

    box = _box(row, image)
    pictures = [image]
    if row.get("map"):
        truth = true_boxes(row) if row["boxes"] else []
        pictures.append(overlay(image, row_to_map(row["map"]), box=box, true_boxes=truth))
    return side_by_side([*pictures, *_crop(image, box)], height_px=HEIGHT_PX)


def _asked_picture(row: Row, image: Image.Image) -> Image.Image:
    box = _box(row, image)
    return region_picture(image, box, _crop(image, box), height_px=HEIGHT_PX)


def region_picture(image: Image.Image, box: Box | None, crops: Sequence[Image.Image], *, height_px: int) -> Image.Image:
    """The image with its region outlined, where there is one, and crops beside it."""
    from roi_attention import draw_box, side_by_side

    marked = image.copy()
    if box is not None:
        draw_box(marked, box)
    return side_by_side([marked, *crops], height_px=height_px)


def _crop(image: Image.Image, box: Box | None) -> Sequence[Image.Image]:
    from box_space import crop

    return [] if box is None else [crop(image, box)]


def _box(row: Row, image: Image.Image) -> Box | None:
    numbers = row["box_xyxy_px"]
    return Box(*numbers, space=OriginalPixels(*image.size)) if numbers else None


def _open(row: Row, root: Path | None) -> tuple[Image.Image | None, str]:
    """The image, or none and why, for the caption; boxes mean nothing on one of another size."""
    from box_space import ImageError, open_image

    try:
        image = open_image(row["image"], root=root)
    except ImageError as error:
        return None, f"; image: {error.reason}"
    return (image, "") if image.size == (row["width"], row["height"]) else (None, "; image: replaced")


def _pixels(numbers: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in numbers)
