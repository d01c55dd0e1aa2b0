"""What tells one model from another in the record of a run."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from llava_train.errors import SettingsError

_SMALL_FILE_BYTES = 32 << 20
_END_BYTES = 1 << 20
_OTHERS = re.compile(r"(^|/)(\.[^/]+|checkpoint-\d+)/")


def model_digest(model: str) -> str:
    """Names, sizes and contents of a local model's files; a Hub id stands for itself.

    Folders below it count, where some models have parts; hidden ones and a trainer's `checkpoint-N` do not.

    Of a file above 32 MiB its first and its last MiB are read: weights that were trained on differ there.

    Raises:
        SettingsError: it is written as a path, and there is no such folder.

    >>> model_digest("llava-hf/llava-1.5-7b-hf")
    'llava-hf/llava-1.5-7b-hf'
    """
    if not Path(model).is_dir():
        if model.startswith((".", "/", "~")) or model.endswith("/") or model.count("/") > 1:
            raise SettingsError(f"model {model!r} is no folder; give one that exists, or a Hub id such as OWNER/NAME.")
        return model
    digest = hashlib.sha256()
    for name, path in _files_of(Path(model)):
        size = path.stat().st_size
        digest.update(f"{name} {size}\n".encode())
        digest.update(path.read_bytes() if size <= _SMALL_FILE_BYTES else _ends_of(path, size))
    return digest.hexdigest()


def _files_of(folder: Path) -> list[tuple[str, Path]]:
    """The model's files behind their names, sorted."""
    files = [(path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()]
    return sorted((name, path) for name, path in files if not _OTHERS.search(name))


def _ends_of(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        first = file.read(_END_BYTES)
        file.seek(size - _END_BYTES)
        return first + file.read(_END_BYTES)
