"""The right annotations for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from occlusion.annotations.coco import CocoAnnotations
from occlusion.annotations.parquet import ParquetAnnotations


def load_annotations(path: str | Path, **options: Any) -> CocoAnnotations:
    """Read `*.parquet` or a folder of such as `ParquetAnnotations`, any other file as COCO instances.

    Args:
        path: file or folder.
        options: keyword arguments of the `load` of the class: `synonyms`, and `columns` of Parquet.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OcclusionError: `bad_annotations`.
    """
    is_table = Path(path).suffix.lower() == ".parquet" or Path(path).is_dir()
    return (ParquetAnnotations if is_table else CocoAnnotations).load(path, **options)
