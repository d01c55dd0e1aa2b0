"""The user's images as rows: the source `images`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shard_runner import Row, Source

from world2code.errors import InputError, SettingsError
from world2code.settings import W2cSettings

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Of files that are taken for images in a folder."""

PATH_COLUMNS = ("image_path", "path", "image")
"""Columns that may hold a path, the first that does wins (published names)."""

BYTE_COLUMNS = ("image", "frame", "binary")
"""Columns that may hold an encoded image (published names)."""

PICTURES = "pictures"
"""Folder of the run in which images that came as bytes are kept."""


def images_source(settings: W2cSettings, run_dir: Path) -> Source:
    """Read every image: of a folder, or of rows with paths or bytes.

    Rows `{id, image, scene, pickled, ...}`: `image` is a path, also of images that came as bytes; `scene` is the true
    scene as JSON where the data has it, else empty; `pickled` names columns of bytes, which are left out: nothing is
    unpickled. Other columns pass through.
    """

    def rows() -> Iterator[Row]:
        if settings.data is None:
            yield from _folder_rows(settings.needed("images", "a folder of images, or --data with rows"))
        else:
            yield from _data_rows(settings.data, run_dir / PICTURES)

    return Source(name="images", rows=rows)


def check_input(settings: W2cSettings) -> None:
    """Make sure that there are images to read.

    Raises:
        SettingsError: neither `data` nor `images` is given.
    """
    if settings.data is None and settings.images is None:
        raise SettingsError("--images is needed: a folder of images, or --data with rows that hold images.")


def image_root(settings: W2cSettings, run_dir: Path) -> Path | None:
    """Folder that images may not leave; None: they lie in the run folder."""
    if settings.images is not None:
        return settings.images
    return None if settings.data is None else settings.data.parent


def open_row_image(row: Row, settings: W2cSettings, run_dir: Path) -> Any:
    """The image of a row, upright and RGB.

    Raises:
        box_space.ImageError: it is missing, leaves its folder or cannot be read.
    """
    from box_space import open_image

    own = run_dir / PICTURES
    if Path(row["image"]).is_absolute() and Path(row["image"]).parent == own.absolute():
        return open_image(row["image"], root=own)
    return open_image(row["image"], root=image_root(settings, run_dir))


def _folder_rows(folder: Path) -> Iterator[Row]:
    if not folder.is_dir():
        raise InputError(f"--images must be a folder; {folder.name} is none.")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_image(path))
    if not found:
        raise InputError(f"--images {folder.name} holds no image ({', '.join(sorted(SUFFIXES))}).")
    for name in found:
        yield {"id": name, "image": name, "scene": "", "pickled": []}


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _data_rows(path: Path, pictures: Path) -> Iterator[Row]:
    from shard_runner import read_table

    for number, row in enumerate(read_table(path)):
        kept = {name: value for name, value in row.items() if not _is_bytes(value) and not _holds_bytes(value)}
        pickled = sorted(name for name, value in row.items() if _is_bytes(value) and name not in BYTE_COLUMNS)
        row_id = str(row.get("id") or row.get("image_path") or row.get("path") or f"row-{number}")
        scene = row.get("scene") or ""
        text = scene if isinstance(scene, str) else json.dumps(scene, sort_keys=True)
        yield {**kept, "id": row_id, "image": _image_of(row, pictures), "scene": text, "pickled": pickled}


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray)


def _holds_bytes(value: Any) -> bool:
    """Whether it is an image as Hugging Face stores one: `{"bytes": ..., "path": ...}`."""
    return isinstance(value, dict) and _is_bytes(value.get("bytes"))


def _image_of(row: Row, pictures: Path) -> str:
    """Path of a row's image; empty where it has none, so that the row fails and its neighbours do not."""
    for name in BYTE_COLUMNS:
        value: Any = row.get(name)
        content: Any = value.get("bytes") if _holds_bytes(value) else value
        if _is_bytes(content):
            return str(_stored(bytes(content), pictures))
    for name in PATH_COLUMNS:
        value = row.get(name)
        path = value.get("path") if isinstance(value, dict) else value
        if isinstance(path, str) and path:
            return path
    return ""


def _stored(content: bytes, pictures: Path) -> Path:
    """Write an encoded image under the name of its content, once."""
    import hashlib

    pictures.mkdir(parents=True, exist_ok=True)
    path = (pictures / f"{hashlib.blake2b(content, digest_size=12).hexdigest()}.image").absolute()
    if not path.exists():
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return path
