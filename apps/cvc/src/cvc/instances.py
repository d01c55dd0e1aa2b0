"""From captions to instances: the stages that hide one causal thing of each image and ask what it is."""

from collections.abc import Iterator
from pathlib import Path

from shard_runner import Failed, Outcome, Row, Source, Stage, StageFn

from cvc.asking import question_stage
from cvc.captions import read_captions
from cvc.errors import InputError
from cvc.finding import boxes_stage, masks_stage
from cvc.hiding import occlude_stage
from cvc.naming import causality_stage, entities_stage
from cvc.selecting import select_stage
from cvc.settings import CvcSettings


def instance_steps(settings: CvcSettings, run_dir: Path) -> list[Source | Stage]:
    """Steps `captions` to `question`, in order; their last rows are instances with an occluded image and a question."""
    return [
        captions_source(settings),
        images_stage(settings),
        entities_stage(settings),
        causality_stage(settings),
        select_stage(settings),
        boxes_stage(settings),
        masks_stage(settings),
        occlude_stage(settings, run_dir),
        question_stage(settings),
    ]


def captions_source(settings: CvcSettings) -> Source:
    """Read the captions; rows `{id, image, captions, stamp}`, of which `stamp` tells a changed picture."""

    def rows() -> Iterator[Row]:
        from box_space import image_stamp

        root = settings.images
        for row in read_captions(settings.needed("captions", "a JSON file of captions")):
            yield row | {"stamp": "" if root is None else image_stamp(row["image"], root=root)}

    return Source(name="captions", rows=rows)


def images_stage(settings: CvcSettings) -> Stage:
    """Open each image; rows of captions become one row with `width, height, caption` for each caption."""

    def make() -> StageFn:
        from box_space import ImageError, open_image

        root = settings.needed("images", "the folder of images")
        if not root.is_dir():
            raise InputError(f"--images must be a folder; {root} is not one.")

        def open_one(row: Row) -> Outcome:
            if not row["image"]:
                return Failed("no_image_named", f"captions without an image: {row['captions']!r}")
            try:
                image = open_image(row["image"], root=root, max_pixels=settings.max_pixels)
            except ImageError as error:
                return Failed(error.reason, str(error))
            return _one_row_per_caption(row, image.width, image.height)

        return lambda rows: [open_one(row) for row in rows]

    return Stage(name="images", make=make, config=settings.picked("images", "max_pixels"), batch_size=16)


def _one_row_per_caption(row: Row, width: int, height: int) -> list[Row]:
    image = {"image_id": row["id"], "image": row["image"], "stamp": row["stamp"], "width": width, "height": height}
    return [{"id": f"{row['id']}#{k}", **image, "caption": caption} for k, caption in enumerate(row["captions"])]
