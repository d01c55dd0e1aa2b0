"""The occluded picture of an instance, how well it hides the thing, and what still gives it away."""

import hashlib
from pathlib import Path
from typing import Any

from shard_runner import Dropped, Outcome, Row, Stage, StageFn, row_seed

from cvc.settings import CvcSettings

OCCLUDED = "occluded"
"""Folder of the occluded images inside the run folder; rows name them by paths relative to the run folder."""


def occlude_stage(settings: CvcSettings, run_dir: Path) -> Stage:
    """Hide all boxes of the thing and write the picture under the run folder, with its coverage and its leaks."""

    def make() -> StageFn:
        from occlusion import load_occluder

        folder = run_dir / OCCLUDED
        folder.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"dilate_px": settings.dilate_px}
        if settings.occluder == "patches":
            options["min_covered_share"] = settings.min_covered
        occluder = load_occluder(settings.occluder, **options)
        return lambda rows: [_hide(row, occluder, settings, run_dir) for row in rows]

    config = settings.picked("occluder", "dilate_px", "max_hidden", "drop_leaks")
    if settings.occluder == "patches":
        config |= settings.picked("min_covered")
    return Stage(name="occlude", make=make, config=config, batch_size=16)


def picture_name(row_id: str) -> str:
    """A file name that is unique for each row id, on file systems that ignore case too, and tells nothing of it.

    >>> picture_name("street-7/fire hydrant")
    '31dcae5f583b280d.png'
    """
    return f"{hashlib.sha256(row_id.encode()).hexdigest()[:16]}.png"


def _hide(row: Row, occluder: Any, settings: CvcSettings, run_dir: Path) -> Outcome:
    from box_space import open_image
    from occlusion import OcclusionError, coverage_of, decode_mask, save_occluded

    image = open_image(row["image"], root=settings.images, max_pixels=settings.max_pixels)
    masks_hw = [decode_mask(mask) for mask in row["masks"]]
    try:
        hidden = occluder(image, masks_hw, row["boxes"], seed=row_seed(settings.seed, row["id"], "occlude"))
        coverage = coverage_of(image, hidden, masks_hw)
    except OcclusionError as error:
        return Dropped(error.reason, str(error))
    if coverage.changed_share > settings.max_hidden:
        return Dropped("little_context", f"what hides it covers {coverage.changed_share:.0%} of the image")
    name = f"{OCCLUDED}/{picture_name(row['id'])}"
    save_occluded(hidden.image, run_dir / name)
    leaks = _leaks(row, image, masks_hw, run_dir / name)
    if leaks and settings.drop_leaks:
        return Dropped(f"leak_{leaks[0].kind}", "; ".join(leak.detail for leak in leaks))
    return [row | {"occluded": name, "leaks": [leak.kind for leak in leaks]} | coverage.to_row()]


def _leaks(row: Row, image: Any, masks_hw: list[Any], path: Path) -> list[Any]:
    from occlusion import find_leaks

    return find_leaks(path, entity_head=row["head"], before=image, mask_hw=masks_hw, caption=row["caption"])
