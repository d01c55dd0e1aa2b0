"""From map to region, or regions from a file: the step `annotate`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn

from chain_of_spot.errors import InputError
from chain_of_spot.maps import open_row_image
from chain_of_spot.questions import read_json_rows
from chain_of_spot.settings import CosSettings

if TYPE_CHECKING:
    from box_space import Box


def annotate_stage(settings: CosSettings) -> Stage:
    """Find each question's region; adds `box_xyxy_px` (empty: no region), `size_wh`, `mass` and `from`."""
    if settings.boxes is None:
        config = settings.picked("mass", "sides", "no_region")
        return Stage(name="annotate", make=lambda: _from_maps(settings), config=config, batch_size=64)
    config = settings.picked("no_region") | {"boxes": _digest(settings.boxes), "images": str(settings.image_root)}
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
    """Boxes of a file, by key."""

    def __init__(self, settings: CosSettings) -> None:
        self._settings = settings
        self._boxes: Mapping[str, Box] | None = None

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> Outcome:
        from box_space import ImageError

        if row["skipped"]:
            return Dropped(row["skipped"], row["detail"])
        try:
            size = open_row_image(row, settings=self._settings).size
        except ImageError as error:
            return Failed(error.reason, str(error))
        box = _box_of(row, size, self._read())
        if isinstance(box, str):
            return Failed("bad_box", box)
        return _annotated(row, box, size, None, "file", self._settings)

    def _read(self) -> Mapping[str, Any]:
        """Entries by key or by published name."""
        if self._boxes is None:
            self._boxes = read_boxes(self._settings.needed("boxes", "a file of regions"))
        return self._boxes


def read_boxes(path: Path) -> Mapping[str, Any]:
    """Regions by key (annotations of ours) or by published name.

    Raises:
        InputError: the file is neither.
    """
    from roi_attention import ZoomError
    from roi_attention.zoom import annotations_by_key, row_to_annotation

    try:
        text = path.read_text(encoding="utf-8")
        if text.lstrip().startswith("{"):
            found = json.loads(text)
            return found if isinstance(found, dict) else {}
        return annotations_by_key(row_to_annotation(row) for row in read_json_rows(path))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, ZoomError) as error:
        raise InputError(f"{path.name} holds no regions: {' '.join(str(error).split())}") from error


def _box_of(row: Row, size: tuple[int, int], entries: Mapping[str, Any]) -> "Box | str | None":
    """The box of a row; None where the file has none, a text where it has a bad one."""
    from roi_attention import ZoomError
    from roi_attention.zoom import Annotation, Square, square_to_box

    own = entries.get(row["id"])
    if isinstance(own, Annotation):
        if (own.box.space.original.width, own.box.space.original.height) != size:
            return f"the annotation is of an image of {own.box.space.original}; this one is {size[0]} x {size[1]}."
        return own.box
    name = f"{row['index']:06d}_{row['row_id'].replace('/', '_')}_q{row['turn']}"
    published = entries.get(name)
    if published is None:
        return None
    try:
        return square_to_box(Square(*(float(v) for v in published["params"])), size)
    except (ZoomError, KeyError, TypeError, ValueError) as error:
        return f"{name}: {' '.join(str(error).split())}"


def _annotated(
    row: Row, box: "Box | None", size_wh: tuple[int, int], mass: float | None, source: str, settings: CosSettings
) -> Outcome:
    if box is None and settings.no_region == "drop":
        return Dropped("no_region", "no window holds enough of the map, or the file has no box.")
    kept = {name: value for name, value in row.items() if name not in ("skipped", "detail")}
    numbers = [] if box is None else [float(v) for v in box.xyxy]
    return [
        kept
        | {"box_xyxy_px": numbers, "size_wh": list(size_wh), "mass": -1.0 if mass is None else mass, "from": source}
    ]


def _digest(path: Path) -> str:
    import hashlib

    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
