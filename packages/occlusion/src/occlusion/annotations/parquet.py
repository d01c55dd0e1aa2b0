"""Boxes and masks of named things from the columns of Parquet files; every row is used or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from occlusion.annotations.category_names import thing_name
from occlusion.annotations.coco import CocoAnnotations, Refused
from occlusion.errors import MissingExtraError, OcclusionError


@dataclass(frozen=True)
class ParquetColumns:
    """Which column holds what; one row for each object."""

    image: str = "image"
    """Name or path of the image's file."""

    phrase: str = "phrase"
    """What the object is: a category, or any phrase."""

    box: str | tuple[str, str, str, str] = "box_xyxy_px"
    """A column of lists of four numbers, or four columns of one number each."""

    box_format: str = "xyxy"
    """`xyxy` (left, top, right, bottom) or `xywh` (left, top, width, height), in pixels."""

    mask: str | None = None
    """A column of masks as COCO RLE, `{size, counts}` as struct or as JSON text; a null is a row without a mask."""

    width: str = "width"
    """Width of the image in pixels."""

    height: str = "height"
    """Height of the image in pixels."""

    def __post_init__(self) -> None:
        if self.box_format not in ("xyxy", "xywh"):
            raise OcclusionError("bad_option", f"box_format must be 'xyxy' or 'xywh'; got {self.box_format!r}.")

    def names(self) -> list[str]:
        """Return the columns to read."""
        boxes = [self.box] if isinstance(self.box, str) else list(self.box)
        return [self.image, self.phrase, *boxes, self.width, self.height, *([self.mask] if self.mask else [])]


class ParquetAnnotations(CocoAnnotations):
    """Answers which boxes and masks an image has for a noun, from rows, one for each object.

    Spellings of one noun (`Dog`, `dogs`) are one category, named as in its first row. Rows are numbered from 0, through
    all files in the order of their names; the number is the `annotation_id` of a refusal. A row that belongs to no
    image or names nothing is in `refused`; one whose box or mask is bad is among the `refused` of what `find` returns.

    >>> rows = [{"image": "a.jpg", "phrase": "Airplane", "box_xyxy_px": [10, 10, 30, 70], "width": 64, "height": 48},
    ...         {"image": "a.jpg", "phrase": None, "box_xyxy_px": [0, 0, 9, 9], "width": 64, "height": 48}]
    >>> annotations = ParquetAnnotations(rows)
    >>> annotations.find("a.jpg", "planes").boxes_xyxy_px, annotations.refused
    (((10.0, 10.0, 30.0, 48.0),), (Refused(annotation_id=1, reason='no_phrase'),))
    """

    refused: tuple[Refused, ...]
    """Rows of no use to any image: `no_image`, `no_phrase`, `bad_size`, `other_size` (than the image's first row)."""

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        *,
        columns: ParquetColumns | None = None,
        synonyms: Mapping[str, str] | None = None,
        name: str = "annotations",
    ) -> None:
        """Index rows.

        Args:
            rows: with at least the columns.
            columns: which column holds what.
            synonyms: noun to phrase of the rows, before the built-in synonyms.
            name: what to call the rows in errors.
        """
        columns, images, categories = columns or ParquetColumns(), dict[str, Any](), dict[str, Any]()
        annotations: list[dict[str, Any]] = []
        refused: list[Refused] = []
        for number, row in enumerate(rows):
            try:
                image, category = _image(row, columns, images), _category(row, columns)
            except OcclusionError as error:
                refused.append(Refused(number, error.reason))
                continue
            images.setdefault(image["id"], image)
            categories.setdefault(category["id"], category)
            belongs = {"id": number, "image_id": image["id"], "category_id": category["id"]}
            annotations.append({**belongs, "bbox": _bbox(row, columns), "segmentation": _mask(row, columns)})
        lists = {"images": list(images.values()), "categories": list(categories.values()), "annotations": annotations}
        super().__init__(lists, synonyms=synonyms, name=name)
        self.refused = tuple(refused)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        synonyms: Mapping[str, str] | None = None,
        columns: ParquetColumns | None = None,
    ) -> ParquetAnnotations:
        """Read one Parquet file, or all `*.parquet` files of a folder.

        Raises:
            MissingExtraError: pyarrow is not installed.
            OcclusionError: `bad_annotations`: no such file, not Parquet (truncated?), or a column is missing.
        """
        columns = columns or ParquetColumns()
        return cls(_rows(Path(path), columns), columns=columns, synonyms=synonyms, name=str(path))


def _rows(path: Path, columns: ParquetColumns) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise OcclusionError("bad_annotations", f"{path} must have *.parquet files; got none.")
    for file in files:
        try:
            with pq.ParquetFile(file) as opened:
                missing = sorted(set(columns.names()) - set(opened.schema_arrow.names))
                if missing:
                    got = ", ".join(opened.schema_arrow.names)
                    message = f"{file} must have the columns {missing}; got {got}. Give ParquetColumns."
                    raise OcclusionError("bad_annotations", message)
                for batch in opened.iter_batches(columns=columns.names()):
                    yield from batch.to_pylist()
        except (OSError, pyarrow.ArrowException) as error:
            first_line = str(error).split("\n", 1)[0]
            raise OcclusionError("bad_annotations", f"{file} must be a Parquet file: {first_line}") from error


def _image(row: Mapping[str, Any], columns: ParquetColumns, known: Mapping[str, Any]) -> dict[str, Any]:
    name, size_wh = row[columns.image], (row[columns.width], row[columns.height])
    if not isinstance(name, str) or not name.strip():
        raise OcclusionError("no_image", "a row must name its image.")
    if not all(isinstance(side, int) and side >= 1 for side in size_wh):
        raise OcclusionError("bad_size", "width and height must be whole numbers of 1 or more.")
    name = name.replace("\\", "/")
    image = {"id": name, "file_name": name, "width": size_wh[0], "height": size_wh[1]}
    if known.get(name, image) != image:
        raise OcclusionError("other_size", "all rows of an image must have the same width and height.")
    return image


def _category(row: Mapping[str, Any], columns: ParquetColumns) -> dict[str, Any]:
    phrase = row[columns.phrase]
    if not isinstance(phrase, str) or not phrase.strip():
        raise OcclusionError("no_phrase", "a row must name its object.")
    phrase = " ".join(phrase.split())
    return {"id": thing_name(phrase), "name": phrase}


def _bbox(row: Mapping[str, Any], columns: ParquetColumns) -> Any:
    """The box as COCO has it; what is no box is passed on, to be refused with the others."""
    box = row[columns.box] if isinstance(columns.box, str) else [row[name] for name in columns.box]
    is_box = isinstance(box, list) and len(box) == 4 and all(isinstance(value, (int, float)) for value in box)
    if not is_box or columns.box_format == "xywh":
        return box
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def _mask(row: Mapping[str, Any], columns: ParquetColumns) -> Any:
    mask = row[columns.mask] if columns.mask else None
    if not isinstance(mask, str):
        return mask
    try:
        return json.loads(mask)
    except ValueError:
        return mask or "?"
