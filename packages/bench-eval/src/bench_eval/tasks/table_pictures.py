"""Pictures in cells of tables: bytes as Parquet files hold them, base64 as TSV files do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

from bench_eval.errors import RowError
from bench_eval.tasks.data_folder import DataFolder


def save_cell(folder: DataFolder, cell: Any, where: str) -> str:
    """Write the picture of a Parquet cell, bytes or `{bytes, path}`, and return its absolute path.

    Raises:
        RowError: the cell holds no bytes.
    """
    data = cast("Mapping[str, Any]", cell).get("bytes") if isinstance(cell, Mapping) else cell
    if not isinstance(data, bytes) or not data:
        raise RowError(f"{where}: expected the bytes of a picture; got {type(data).__name__}. Download the file again.")
    return folder.save_picture(data)


def save_base64(folder: DataFolder, cell: str, where: str) -> str:
    """Write the picture of a base64 cell and return its absolute path.

    Raises:
        RowError: the cell is no base64, or empty.
    """
    try:
        data = base64.b64decode(cell, validate=True)
    except binascii.Error as error:
        raise RowError(f"{where}: expected a picture in base64; {error}. Download the file again.") from error
    return save_cell(folder, data, where)
