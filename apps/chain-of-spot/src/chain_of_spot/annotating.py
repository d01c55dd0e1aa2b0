"""From map to region, or regions from a file: the step `annotate`."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn, file_digest

from chain_of_spot.errors import InputError
from chain_of_spot.questions import open_row_image, question_fault, read_json_rows, row_to_question
from chain_of_spot.settings import CosSettings

if TYPE_CHECKING:
    from box_space import Box
    from roi_attention.zoom import Annotation


def annotate_stage(settings: CosSettings) -> Stage:
    """Find each question's region; adds `box_xyxy_px` (empty: no region), `width`, `height`, `mass` and `from`."""
    if settings.boxes is None:
        config = settings.picked("mass", "sides", "no_region")
        return Stage(name="annotate", make=lambda: _from_maps(settings), config=config, batch_size=64)
    config = settings.picked("no_region") | {"boxes": file_digest(settings.boxes, error=InputError)}
    config |= {"images": str(settings.image_root)}
    inputs = ("questions",)
    return Stage(name="annotate", make=lambda: _FromFile(settings), config=config, batch_size=64, inputs=inputs)


def _from_maps(settings: CosSettings) -> StageFn:
    from roi_attention import find_region, row_to_map

    def annotate(rows: list[Row]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for row in rows:
            relevance = row_to_map(row["map"])
            region = find_region(relevance, mass=settings.mass, sides=settings.sides, shortest=min(settings.sides))
            box = None if region.is_whole else region.box
            size = (relevance.original.width, relevance.original.height)
            outcomes.append(_annotated(row, box, size, region.mass, settings.method, settings))
        return outcomes

    return annotate


class _FromFile:
    """Regions of a file."""

    def __init__(self, settings: CosSettings) -> None:
        self._settings = settings
        self._find = read_regions(settings.needed("boxes", "a file of regions"))

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> Outcome:
        from box_space import ImageError
        from roi_attention import ZoomError

        if skipped := question_fault(row):
            return skipped
        try:
            size = open_row_image(row, settings=self._settings).size
            if fault := question_fault(row, size):
                return fault
            box = self._find(row, size)
        except ImageError as error:
            return Failed(error.reason, str(error))
        except ZoomError as error:
            return Failed("bad_box", str(error))
        return _annotated(row, box, size, None, "file", self._settings)


FindRegion = Callable[[Row, tuple[int, int]], "Box | None"]
"""(row, size of its image) -> its region; None where the file has none. Raises ZoomError for a bad one."""


def read_regions(path: Path) -> FindRegion:
    """Read annotations of ours (a list) or squares of the published form (an object).

    Raises:
        InputError: the file is neither.
    """
    from roi_attention import ZoomError
    from roi_attention.zoom import annotations_by_key, read_params_entries, row_to_annotation

    try:
        if path.read_text(encoding="utf-8").lstrip().startswith("{"):
            return functools.partial(_published, read_params_entries(path))
        return functools.partial(_annotation, annotations_by_key(map(row_to_annotation, read_json_rows(path))))
    except (OSError, UnicodeDecodeError, ZoomError) as error:
        raise InputError(f"{path.name} holds no regions: {' '.join(str(error).split())}") from error


def _published(entries: Mapping[str, Any], row: Row, size_wh: tuple[int, int]) -> "Box | None":
    from roi_attention.zoom import params_name, params_to_box

    entry = entries.get(params_name(row_to_question(row)))
    return None if entry is None else params_to_box(entry, size_wh)


def _annotation(found: "Mapping[str, Annotation]", row: Row, size_wh: tuple[int, int]) -> "Box | None":
    from roi_attention import ZoomError

    if row["id"] not in found:
        return None
    box = found[row["id"]].box
    original = box.space.original
    if (original.width, original.height) != size_wh:
        raise ZoomError("box", f"the annotation is of an image of {original}; this one is {size_wh[0]} x {size_wh[1]}.")
    return box


def _annotated(
    row: Row, box: "Box | None", size_wh: tuple[int, int], mass: float | None, source: str, settings: CosSettings
) -> Outcome:
    if box is None and settings.no_region == "drop":
        return Dropped("no_region", "no window holds enough of the map, or the file has no box.")
    kept = {name: value for name, value in row.items() if name not in ("skipped", "detail")}
    numbers = [] if box is None else [float(v) for v in box.xyxy]
    found = {"box_xyxy_px": numbers, "width": size_wh[0], "height": size_wh[1]}
    return [kept | found | {"mass": -1.0 if mass is None else mass, "from": source}]
