"""Data files that an app writes: whole or not there."""

import json
from pathlib import Path
from typing import Any

from shard_runner.disk import write_whole


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Write JSON as UTF-8, on one line unless indented, whole or not at all."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
