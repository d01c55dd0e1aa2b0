"""Reading files that hold a list in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from bench_eval.errors import FileError


def read_json_list(path: Path) -> list[Any]:
    """Return what the list holds, not looked at.

    Raises:
        FileError: the file is missing, torn, not UTF-8 or holds no list.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path} cannot be read: {error}.") from error
    if not isinstance(document, list):
        raise FileError(f"{path.name} must hold a list; got {type(document).__name__}.")
    return cast("list[Any]", document)
