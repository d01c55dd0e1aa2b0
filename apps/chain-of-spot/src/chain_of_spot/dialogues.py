"""Training rows of the method and of each control, with their pictures: steps `dialogues` and `dialogues-CONTROL`."""

import hashlib
from pathlib import Path
from typing import Any

from box_space import Box, OriginalPixels
from PIL import Image
from shard_runner import Dropped, Failed, Outcome, Row, Stage

from chain_of_spot.arms import Control, control_box, place_seed
from chain_of_spot.questions import open_row_image
from chain_of_spot.settings import ZOOM, CosSettings

PICTURES = "pictures"
"""Folder of padded pictures and crops in the run folder."""


def dialogue_step(control: Control | None) -> str:
    """Name of the step that makes the rows of the method (None) or of a control."""
    return "dialogues" if control is None else f"dialogues-{control}"


def dialogue_stage(settings: CosSettings, run_dir: Path, control: Control | None = None) -> Stage:
    """Make each question's dialogue and write its pictures; rows `{id, messages, images, stamp, kind, box_xyxy_px}`."""
    from llava_train import model_digest

    config = settings.picked(*ZOOM, "others", "where_weight", "answer_weight", "no_region", "seed")
    model = model_digest(settings.needed("model", "the model that learns"))
    config |= {"model": model, "images": str(settings.image_root), "control": control}
    return Stage(
        name=dialogue_step(control),
        make=lambda: _Dialogues(settings, run_dir / PICTURES, control),
        config=config,
        inputs=("annotate",),
        batch_size=32,
    )


class _Dialogues:
    """Questions with regions to training rows."""

    def __init__(self, settings: CosSettings, folder: Path, control: Control | None) -> None:
        from llava_train import load_processor

        processor = load_processor(settings.needed("model", "the model that learns"))
        self._settings, self._folder = settings, folder
        self._control: Control | None = control
        self._zoom = settings.zoom(processor)
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        return [self._made(row) for row in rows]

    def _made(self, row: Row) -> Outcome:
        from box_space import BoxError, ImageError
        from roi_attention import ZoomError

        try:
            image = open_row_image(row, settings=self._settings)
            box = self._box(row, image)
            made = self._plain(row, image) if box is None else self._zoomed(row, image, box)
        except ImageError as error:
            return Failed(error.reason, str(error))
        except (ZoomError, BoxError) as error:
            return Dropped(error.reason, str(error))
        numbers = [] if box is None else list(box.xyxy)
        told = {"stamp": row["stamp"], "kind": "plain" if box is None else "zoom", "box_xyxy_px": numbers}
        return [made | told]

    def _box(self, row: Row, image: Image.Image) -> Box | None:
        """What the second turn shows; None: there is none."""
        from roi_attention.zoom import whole_box

        control = self._control
        if control == "plain":
            return None
        if not row["box_xyxy_px"]:
            return whole_box(image.size) if self._settings.no_region == "whole" else None
        box = Box(*row["box_xyxy_px"], space=OriginalPixels(*image.size))
        if control is None:
            return box
        return control_box(control, box, place_seed(image, row["question"], self._settings.seed))

    def _zoomed(self, row: Row, image: Image.Image, box: Box) -> Row:
        from roi_attention.zoom import TurnWeights, zoom_row

        pictures = self._zoom.pictures(image, box)
        paths = [self._shown(row, image, pictures.shown), self._saved(pictures.crop)]
        return zoom_row(
            row["question"],
            row["answer"],
            self._zoom.text(box),
            paths,
            row_id=row["id"],
            others=self._others(row),
            wording=self._zoom.wording,
            weights=TurnWeights(self._settings.where_weight, self._settings.answer_weight),
        )

    def _plain(self, row: Row, image: Image.Image) -> Row:
        from roi_attention.zoom import plain_row, shown_picture

        path = self._shown(row, image, shown_picture(image, self._zoom.frame))
        return plain_row(row["question"], row["answer"], path, row_id=row["id"], others=self._others(row))

    def _others(self, row: Row) -> list[tuple[str, str]]:
        return [(asked, said) for asked, said in row["others"]] if self._settings.others else []

    def _shown(self, row: Row, image: Image.Image, shown: Image.Image) -> str:
        """The user's own file where nothing was done to it."""
        return str((self._settings.image_root / row["image"]).absolute()) if shown is image else self._saved(shown)

    def _saved(self, picture: Image.Image) -> str:
        return str(save_picture(picture, self._folder))


def save_picture(picture: Image.Image, folder: Path) -> Path:
    """Write a picture without loss under the name of its pixels, once, and return its path."""
    name = hashlib.blake2b(f"{picture.size}".encode() + picture.tobytes(), digest_size=12).hexdigest()
    path = (folder / f"{name}.png").absolute()
    if not path.exists():
        partial = path.with_suffix(".partial")
        picture.save(partial, format="PNG", compress_level=1)  # crops are small; time counts more
        partial.replace(path)
    return path


def training_rows(rows: Any) -> list[Row]:
    """Rows as `llava-train` takes them."""
    return [{name: row[name] for name in ("id", "messages", "images")} for row in rows]
