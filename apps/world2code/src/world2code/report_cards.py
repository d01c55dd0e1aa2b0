"""Cards of the report: a picture with its boxes beside its code and what was dropped; a held-out question."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw
from shard_runner import Row

from world2code.row_evidence import evidence_of
from world2code.settings import W2cSettings
from world2code.sources import open_row_image

if TYPE_CHECKING:
    from code_caption import BoxText
    from run_report import GalleryItem

SIDE_PX = 420
"""Longer side of the pictures of a card."""

KEPT_RGB, DROPPED_RGB, TRUE_RGB = (20, 140, 60), (200, 40, 40), (30, 90, 200)


def scene_card(row: Row, validated: Row, settings: W2cSettings, run_dir: Path) -> "GalleryItem":
    """A row of the step `render` with its evidence: kept boxes, dropped ones dashed, the code, and why."""
    from run_report import GalleryItem

    drops = row["drops"]
    rules = sorted({drop["rule"] for drop in drops})
    image, problem = _opened(row, settings, run_dir)
    cost = f"{row['calls']} calls of the model, {row['sequences']} sequences"
    return GalleryItem(
        id=row["id"],
        image=None if image is None else _drawn(image, validated, drops),
        caption=f"{cost}{problem}",
        code=row["code"],
        notes=[_note(drop) for drop in drops],
        tags=[f"drops: {rule}" for rule in rules] or ["nothing dropped"],
    )


def asked_card(row: Row, before: Mapping[str, Row], text: "BoxText") -> "GalleryItem":
    """A held-out question of `grades-after`, with both answers; boxes that are answers are drawn.

    Args:
        row: after training.
        before: rows before it, by id.
        text: how boxes are written.
    """
    from run_report import GalleryItem, ShownTrial, change_tag

    old = before.get(row["id"])
    graded = [(name, one["trials"][0]) for name, one in (("before", old), ("after", row)) if one]
    verdicts = {name: trial["verdict"] for name, trial in graded}
    return GalleryItem(
        id=row["id"],
        image=_asked_picture(row, graded[-1][1]["text"], text),
        question=row["question"],
        truth=str(row["answer"]),
        trials=[ShownTrial(text=f"{name}: {t['text']}", verdict=t["verdict"], score=t["score"]) for name, t in graded],
        tags=[row["task"], change_tag(verdicts.get("before"), verdicts["after"])],
    )


def _note(drop: Mapping[str, Any]) -> str:
    number = f" #{'+'.join(map(str, drop['keys']))}" if drop["keys"] else ""
    detail = f" ({drop['detail']})" if drop["detail"] else ""
    return f"{drop['what'] or 'image'}{number} dropped by {drop['rule']}: {drop['reason']}{detail}"


def _drawn(image: Image.Image, validated: Row, drops: Sequence[Mapping[str, Any]]) -> Image.Image:
    """Boxes with their names and numbers; those that existence or counting dropped are red and thin."""
    gone = {key for drop in drops if drop["rule"] in ("existence", "counting") for key in drop["keys"]}
    shown, factor = _resized(image)
    pen = ImageDraw.Draw(shown)
    for one in sorted(evidence_of(validated).sightings, key=lambda one: one.key not in gone):
        is_gone = one.key in gone
        color = DROPPED_RGB if is_gone else KEPT_RGB
        box = [value * factor for value in one.box_xyxy_px]
        pen.rectangle(box, outline=color, width=1 if is_gone else 3)
        label = f"{one.name} #{one.key}"
        at = (box[0] + 2, max(0, box[1] - 12) if not is_gone else box[3] - 12)
        pen.rectangle(pen.textbbox(at, label), fill=(255, 255, 255))
        pen.text(at, label, fill=color)
    return shown


def _asked_picture(row: Row, said: str, text: "BoxText") -> Image.Image | None:
    from bench_eval import text_to_boxes_xyxy
    from box_space import ImageError, open_image

    try:
        image = open_image(row["image"])
    except ImageError:
        return None
    shown, factor = _resized(image)
    for words, color in ((str(row["answer"]), TRUE_RGB), (said, KEPT_RGB)):
        for numbers in text_to_boxes_xyxy(words):
            if max(numbers) > text.whole:  # no place that a question asks for
                continue
            box = text.to_pixels(numbers, image.size)
            if box.area > 0:  # not on padding alone
                edges = [value * factor for value in box.xyxy]
                ImageDraw.Draw(shown).rectangle(edges, outline=color, width=3)
    return shown


def _resized(image: Image.Image) -> tuple[Image.Image, float]:
    """The picture of a card, and how much smaller it is; a thin one keeps a pixel."""
    factor = SIDE_PX / max(image.size)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor)))), factor


def _opened(row: Row, settings: W2cSettings, run_dir: Path) -> tuple[Image.Image | None, str]:
    """The image, or none and why, for the caption."""
    from box_space import ImageError

    try:
        return open_row_image(row, settings, run_dir), ""
    except ImageError as error:
        return None, f"; image: {error.reason}"
