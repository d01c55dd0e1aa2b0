"""Values of a Hugging Face dataset to plain ones: images go to files, Json texts become what they say."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from shard_runner.errors import TableError
from shard_runner.image_files import store_image
from shard_runner.remote_files import open_remote, remote_file
from shard_runner.uris import is_uri, masked

_PLAIN_KINDS = ("ClassLabel", "Json", "Translation", "TranslationVariableLanguages")
_NOT_PLAIN = ("binary", "large_binary", "fixed_size_binary", "timestamp", "date", "time", "duration", "decimal")


def inner_features(feature: Any) -> Mapping[str, Any] | None:
    """Return the features that one is made of, by name ("" for the items of a list); None for one without."""
    if isinstance(feature, Mapping):
        return cast("Mapping[str, Any]", feature)
    if isinstance(feature, list | tuple):
        return {"": cast("list[Any]", feature)[0]}
    return {"": feature.feature} if hasattr(feature, "feature") else None


def holds_images(feature: Any) -> bool:
    """Tell whether a feature is or holds `datasets.Image`."""
    inner = inner_features(feature)
    return any(map(holds_images, inner.values())) if inner is not None else type(feature).__name__ == "Image"


def check_features(features: Mapping[str, Any], *, images: Path | None) -> None:
    """Make sure that every column can become plain values.

    Raises:
        TableError: for bytes other than images, audio, video, times; for images where there is no folder for them.
    """
    for column, feature in features.items():
        reason = _fault(feature, images)
        if reason:
            raise TableError(f"column {column!r} {reason}")


def _fault(feature: Any, images: Path | None) -> str:
    inner = inner_features(feature)
    if inner is not None:
        return next(filter(None, (_fault(part, images) for part in inner.values())), "")
    kind = type(feature).__name__
    if kind == "Image":
        return "" if images else "holds images; pass images=FOLDER to have them written to files"
    if kind == "Value":
        dtype = str(feature.dtype)
        if "binary" in dtype:
            return "holds bytes, which are no plain value; remove it, or declare it as datasets.Image"
        return f"holds {dtype}, which is no plain value; cast it to string" if dtype.startswith(_NOT_PLAIN) else ""
    if kind in _PLAIN_KINDS or kind.startswith("Array"):
        return ""
    return f"holds {kind}, which is no plain value; remove it, or store the files and keep their paths"


@dataclass(frozen=True)
class PlainValues:
    """Turns the stored form of values, as Arrow gives it, into plain ones."""

    images: Path | None
    """Folder for images."""

    def plain(self, value: Any, feature: Any) -> Any:
        """Return the plain form of a value of a feature."""
        if value is None:
            return None
        inner = inner_features(feature)
        if inner is None:
            return self._leaf(value, type(feature).__name__)
        if "" in inner and not isinstance(value, dict):
            return [self.plain(item, inner[""]) for item in value]
        return {name: self.plain(value[name], part) for name, part in inner.items()}

    def _leaf(self, value: Any, kind: str) -> Any:
        if kind == "Json":
            return json.loads(value)
        if kind != "Image":
            return value
        assert self.images is not None, "checked before"
        path: str = value.get("path") or ""
        data: bytes | None = value.get("bytes")
        return str(store_image(self.images, read_image(path) if data is None else data, path))


def read_image(path: str) -> bytes:
    """Return the bytes of an image that a dataset holds by path or URI.

    Raises:
        TableError: when it can't be read.
    """
    if is_uri(path):
        with open_remote(remote_file(path)) as file:
            return file.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TableError(f"image {path!r} of the dataset can't be read: {error.strerror or error}") from error


def image_places(value: Any, feature: Any) -> Iterator[list[Any]]:
    """Yield path, size and time of each image in a value that is held by path."""
    inner = inner_features(feature)
    if value is None:
        return
    if inner is None:
        if type(feature).__name__ == "Image" and value.get("bytes") is None:
            yield _place(value.get("path") or "")
    elif "" in inner and not isinstance(value, dict):
        for item in value:
            yield from image_places(item, inner[""])
    else:
        for name, part in inner.items():
            yield from image_places(value[name], part)


def _place(path: str) -> list[Any]:
    if is_uri(path):
        return [masked(path)]
    try:
        stat = Path(path).stat()
    except OSError:
        return [path]
    return [path, stat.st_size, stat.st_mtime_ns]
