"""The user's images as rows: the source `images`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shard_runner import Row, Source

from world2code.errors import InputError, SettingsError
from world2code.settings import W2cSettings
from world2code.user_rows import id_of, image_of, passed_of, read_user_rows, scene_of

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Of files that are taken for images in a folder."""

PICTURES = "pictures"
"""Folder of the run in which images that came as bytes are kept."""


def images_source(settings: W2cSettings, run_dir: Path) -> Source:
    """Read every image: of a folder, or of rows with paths or bytes.

    Rows `{id, image, is_stored, stamp, scene, bytes_columns, passed}`: `image` is a path, of images that came as bytes
    (`is_stored`) within the run folder; `stamp` tells a changed image; `scene` is the true scene as JSON where the data
    has it, else empty; `bytes_columns` names columns that were left out; `passed` holds all others.
    """

    def rows() -> Iterator[Row]:
        from box_space import image_stamp

        if settings.data is None:
            found = _folder_rows(settings.needed("images", "a folder of images, or --data with rows"))
        else:
            found = _data_rows(settings.data, run_dir)
        for row in found:
            yield row | {"stamp": "" if row["is_stored"] else image_stamp(row["image"], root=images_root(settings))}

    return Source(name="images", rows=rows)


def check_input(settings: W2cSettings) -> None:
    """Make sure that there are images to read.

    Raises:
        SettingsError: neither `data` nor `images` is given.
    """
    if settings.data is None and settings.images is None:
        raise SettingsError("--images is needed: a folder of images, or --data with rows that hold images.")


def images_root(settings: W2cSettings) -> Path:
    """Folder that images may not leave."""
    if settings.images is not None:
        return settings.images
    return settings.needed("data", "rows with images").parent


def image_path(row: Row, settings: W2cSettings, run_dir: Path) -> Path:
    """Where a row's image lies, for whoever opens it without knowing the run."""
    return (_root(row, settings, run_dir) / row["image"]).absolute()


def open_row_image(row: Row, settings: W2cSettings, run_dir: Path) -> Any:
    """The image of a row, upright and RGB.

    Raises:
        box_space.ImageError: there is none, it leaves its folder or cannot be read.
    """
    from box_space import ImageError, open_image

    if not row["image"]:
        raise ImageError("missing", "the row has no image: neither bytes nor a path in a column that may hold one.")
    return open_image(row["image"], root=_root(row, settings, run_dir))


def _root(row: Row, settings: W2cSettings, run_dir: Path) -> Path:
    """Folder that the row's image may not leave."""
    return run_dir if row["is_stored"] else images_root(settings)


def _folder_rows(folder: Path) -> Iterator[Row]:
    if not folder.is_dir():
        raise InputError(f"--images must be a folder; {folder.name} is none.")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_image(path))
    if not found:
        raise InputError(f"--images {folder.name} holds no image ({', '.join(sorted(SUFFIXES))}).")
    for name in found:
        yield {"id": name, "image": name, "is_stored": False, "scene": "", "bytes_columns": [], "passed": {}}


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _data_rows(path: Path, run_dir: Path) -> Iterator[Row]:
    for number, row in enumerate(read_user_rows(path)):
        used, image = image_of(row)
        passed, left_out = passed_of(row, used)
        yield {
            "id": id_of(row, number),
            "image": _stored(image, run_dir) if isinstance(image, bytes) else image,
            "is_stored": isinstance(image, bytes),
            "scene": scene_of(row),
            "bytes_columns": left_out,
            "passed": passed,
        }


def _stored(content: bytes, run_dir: Path) -> str:
    """Write an encoded image under the name of its content, once; its path within the run folder."""
    import hashlib

    name = f"{PICTURES}/{hashlib.blake2b(content, digest_size=12).hexdigest()}.image"
    path = run_dir / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return name
