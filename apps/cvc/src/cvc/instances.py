"""From captions to instances: the stages that hide one causal thing of each image and ask what it is."""

import hashlib
import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Source, Stage, StageFn, row_seed

from cvc.captions import read_captions
from cvc.engines import (
    file_digest,
    load_annotations,
    load_causality,
    load_entities,
    load_question_writer,
    model_identity,
)
from cvc.errors import InputError
from cvc.settings import CvcSettings

OCCLUDED = "occluded"
"""Folder of the occluded images inside the run folder; rows name them by paths relative to the run folder."""


def instance_steps(settings: CvcSettings, run_dir: Path) -> list[Source | Stage]:
    """Steps `captions` to `question`, in order; their last rows are instances with an occluded image and a question."""
    return [
        Source(name="captions", rows=lambda: read_captions(settings.needed("captions", "a JSON file of captions"))),
        images_stage(settings),
        entities_stage(settings),
        causality_stage(settings),
        deduplicate_stage(),
        boxes_stage(settings),
        masks_stage(settings),
        occlude_stage(settings, run_dir),
        question_stage(settings),
    ]


def images_stage(settings: CvcSettings) -> Stage:
    """Open each image; rows `{id, image, captions}` become one row with `width, height, caption` for each caption."""

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

        return _row_by_row(open_one)

    return Stage(name="images", make=make, config=settings.picked("images", "max_pixels"), batch_size=16)


def _one_row_per_caption(row: Row, width: int, height: int) -> list[Row]:
    image = {"image_id": row["id"], "image": row["image"], "width": width, "height": height}
    return [{"id": f"{row['id']}#{k}", **image, "caption": caption} for k, caption in enumerate(row["captions"])]


def entities_stage(settings: CvcSettings) -> Stage:
    """Find what a caption names; one row for each entity, with `phrase, head` and their places in the caption."""

    def make() -> StageFn:
        extract = load_entities(settings)

        def find(rows: list[Row]) -> list[Outcome]:
            readable = [row for row in rows if not _caption_fault(row["caption"])]
            found = dict(
                zip((row["id"] for row in readable), extract([row["caption"] for row in readable]), strict=True)
            )
            return [_caption_fault(row["caption"]) or _entity_rows(row, found[row["id"]]) for row in rows]

        return find

    config = {"spacy_model": settings.spacy_model, "lexicon": file_digest(settings.lexicon)}
    return Stage(name="entities", make=make, config=config, batch_size=64)


def _caption_fault(caption: str | None) -> Dropped | None:
    if caption is None:
        return Dropped("caption_not_text")
    return None if caption.strip() else Dropped("empty_caption")


def _entity_rows(row: Row, entities: Iterable[Any]) -> Outcome:
    rows = [
        row
        | {"id": f"{row['id']}/{_flat(entity.head)}@{entity.start}", "phrase": entity.phrase, "head": entity.head}
        | {"lemma": entity.lemma}
        | {"start": entity.start, "end": entity.end, "head_start": entity.head_start, "head_end": entity.head_end}
        for entity in entities
    ]
    return rows or Dropped("no_entity", row["caption"])


def causality_stage(settings: CvcSettings) -> Stage:
    """Measure how well the rest of the caption predicts the entity; drop what it does not, unless the filter is off."""

    def make() -> StageFn:
        from occlusion import Entity

        measure = load_causality(settings)

        def filter_rows(rows: list[Row]) -> list[Outcome]:
            entities = [Entity(*(row[key] for key in _ENTITY_KEYS)) for row in rows]
            found = measure([(row["caption"], entity) for row, entity in zip(rows, entities, strict=True)])
            return [_causal_outcome(row, value, settings) for row, value in zip(rows, found, strict=True)]

        return filter_rows

    config = settings.picked("causality_filter", "max_ppl") | {"mlm": model_identity(settings.mlm)}
    return Stage(name="causality", make=make, config=config, batch_size=settings.mlm_batch)


_ENTITY_KEYS = ("phrase", "head", "start", "end", "head_start", "head_end")


def _causal_outcome(row: Row, causality: Any, settings: CvcSettings) -> Outcome:
    from occlusion import Unscored

    if isinstance(causality, Unscored):
        return Dropped(causality.reason, f"{row['head']}: {causality.detail}")
    ppl = causality.ppl_head
    if (
        settings.causality_filter and not 1 <= ppl < settings.max_ppl
    ):  # the paper's 1 < ppl, but certainty may round to 1
        return Dropped("not_causal", f"{row['head']}: perplexity {ppl:.3g}")
    return [row | {"ppl_head": ppl, "ppl_phrase": causality.ppl_phrase}]


def deduplicate_stage() -> Stage:
    """Keep one instance of each (image, lemma): the one with the lowest perplexity; its id is `IMAGE/LEMMA`."""

    def make() -> StageFn:
        from occlusion import deduplicate

        def keep_the_most_causal(rows: list[Row]) -> list[Outcome]:
            kept = {row["id"] for row in deduplicate(rows)}
            return [
                [row | {"id": f"{row['image_id']}/{row['lemma']}"}] if row["id"] in kept else Dropped("duplicate")
                for row in rows
            ]

        return keep_the_most_causal

    return Stage(name="deduplicate", make=make, whole_input=True)


def _flat(head: str) -> str:
    return " ".join(head.casefold().split())


def boxes_stage(settings: CvcSettings) -> Stage:
    """Find the boxes of the named thing in the annotations; no box, no instance."""

    def make() -> StageFn:
        from occlusion import OcclusionError

        annotations = load_annotations(settings)

        def find_one(row: Row) -> Outcome:
            try:
                found = annotations.find(row["image"], row["head"])
            except OcclusionError as error:
                return Dropped(error.reason, str(error))
            if found.size_wh != (row["width"], row["height"]):
                sizes = f"{found.size_wh} in the annotations, {row['width']} x {row['height']} in the file"
                return Dropped("other_size", sizes)
            return [row | {"boxes": [list(box) for box in found.boxes_xyxy_px], "masks": list(found.masks_rle)}]

        return _row_by_row(find_one)

    return Stage(name="boxes", make=make, config={"annotations": file_digest(settings.annotations)}, batch_size=64)


def masks_stage(settings: CvcSettings) -> Stage:
    """Give every box a mask in COCO run-length encoding."""

    def make() -> StageFn:
        from box_space import open_image
        from occlusion import OcclusionError

        def mask_one(row: Row) -> Outcome:
            missing = [mask is None for mask in row["masks"]]
            if settings.masks == "annotations" and any(missing):
                return Dropped("no_mask", f"{sum(missing)} of {len(missing)} boxes have no mask")
            if settings.masks in ("annotations", "auto") and not any(missing):
                return [row]
            image = open_image(row["image"], root=settings.images, max_pixels=settings.max_pixels)
            try:
                masks = [_mask_of(image, row, k, settings.masks) for k in range(len(missing))]
            except OcclusionError as error:
                return Dropped(error.reason, str(error))
            return [row | {"masks": masks}]

        return _row_by_row(mask_one)

    return Stage(name="masks", make=make, config=settings.picked("masks"), batch_size=16)


def _mask_of(image: Any, row: Row, k: int, source: str) -> Any:
    from occlusion import encode_mask, grabcut_mask

    if source == "auto" and row["masks"][k] is not None:
        return row["masks"][k]
    if source == "box":
        return encode_mask(_box_mask(row["boxes"][k], image.size))
    return encode_mask(grabcut_mask(image, row["boxes"][k]).mask_hw)


def _box_mask(box_xyxy_px: list[float], size_wh: tuple[int, int]) -> Any:
    import numpy as np

    mask_hw = np.zeros((size_wh[1], size_wh[0]), bool)
    x0, y0, x1, y1 = box_xyxy_px
    mask_hw[int(y0) : math.ceil(y1), int(x0) : math.ceil(x1)] = True
    return mask_hw


def occlude_stage(settings: CvcSettings, run_dir: Path) -> Stage:
    """Hide all boxes of the thing behind gray squares and write the picture under the run folder."""

    def make() -> StageFn:
        from box_space import open_image
        from occlusion import OcclusionError, decode_mask, occlude

        folder = run_dir / OCCLUDED
        folder.mkdir(parents=True, exist_ok=True)

        def hide(row: Row) -> Outcome:
            image = open_image(row["image"], root=settings.images, max_pixels=settings.max_pixels)
            masks_hw = [decode_mask(mask) for mask in row["masks"]]
            seed = row_seed(settings.seed, row["id"], "occlude")
            try:
                hidden = occlude(image, masks_hw, row["boxes"], seed=seed, min_covered_share=settings.min_covered)
            except OcclusionError as error:
                return Dropped(error.reason, str(error))
            share = _gray_share(image, hidden.image)
            if share > settings.max_hidden:
                return Dropped("little_context", f"blocks cover {share:.0%} of the image")
            name = f"{OCCLUDED}/{picture_name(row['id'])}"
            _write_picture(hidden.image, run_dir / name)
            shares = {"covered_share": hidden.covered_share, "hidden_share": share, "patch_px": hidden.patch_px}
            return [row | {"occluded": name} | shares]

        return _row_by_row(hide)

    config = settings.picked("min_covered", "max_hidden")
    return Stage(name="occlude", make=make, config=config, batch_size=16)


def picture_name(row_id: str) -> str:
    """A file name that is unique for each row id, on file systems that ignore case too.

    >>> picture_name("street-7/fire hydrant")
    'street-7-fire-hydrant-31dcae5f58.png'
    """
    readable = re.sub(r"[^a-z0-9]+", "-", row_id.casefold()).strip("-")[:80]
    return f"{readable}-{hashlib.sha256(row_id.encode()).hexdigest()[:10]}.png"


def _gray_share(before: Any, after: Any) -> float:
    """Share of the pixels that the blocks changed."""
    from PIL import ImageChops

    changed = ImageChops.difference(before, after).convert("L").point(lambda value: 255 if value else 0)
    return changed.histogram()[255] / (before.width * before.height)


def _write_picture(image: Any, path: Path) -> None:
    """Write a PNG, whole or not at all; the same row always writes the same bytes."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    image.save(partial, "PNG")
    partial.replace(path)


def question_stage(settings: CvcSettings) -> Stage:
    """Ask what the blocks hide: `stem`, `reasoning`, `short` and `category`, never naming the thing."""

    def make() -> StageFn:
        from occlusion import OcclusionError

        write = load_question_writer(settings)

        def ask(row: Row) -> Outcome:
            try:
                question = write(row["head"])
            except OcclusionError as error:
                return Dropped(error.reason, str(error))
            parts = {"stem": question.stem, "reasoning": question.reasoning, "short": question.short}
            return [row | parts | {"category": question.category}]

        return _row_by_row(ask)

    return Stage(name="question", make=make, config={"lexicon": file_digest(settings.lexicon)}, batch_size=64)


def _row_by_row(one: Callable[[Row], Outcome]) -> StageFn:
    return lambda rows: [one(row) for row in rows]
