"""Pairs as Hugging Face data sets, and back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from svco_loss.errors import PairFileError
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.png_store import store_png
from svco_loss.pairs.release_files import NoImage
from svco_loss.pairs.texts import is_text

if TYPE_CHECKING:
    import datasets

_TEXTS = ("instruction_prompt", "chosen_response", "rejected_response")
_IMAGES = ("chosen_images", "rejected_images")


def pairs_to_dataset(
    pairs: Iterable[ImagePair], image_root: Path | None = None, embed_images: bool = True
) -> datasets.Dataset:
    """Return a data set with the columns of MVC and `category`; images are lists of one `Image`. All is held in memory.

    Args:
        pairs: checked, because an image that cannot be read would stop whoever reads the data set.
        image_root: folder that the images must be in and their paths are relative to.
        embed_images: put the files' bytes into the data set, as the Hub needs them; else their paths alone.

    Raises:
        PairFileError: an image cannot be read; the message names row and file.
    """
    from datasets import Dataset, Features, Image, List, Value

    kept = list(pairs)
    texts = {
        "system_prompt": [pair.system for pair in kept],
        "instruction_prompt": [pair.question for pair in kept],
        "chosen_response": [pair.text_x for pair in kept],
        "rejected_response": [pair.text_y for pair in kept],
        "category": [pair.category for pair in kept],
    }
    images = {
        "chosen_images": [[_stored(pair.image_a, pair, image_root, embed_images)] for pair in kept],
        "rejected_images": [[_stored(pair.image_b, pair, image_root, embed_images)] for pair in kept],
    }
    features = Features({**dict.fromkeys(texts, Value("string")), **dict.fromkeys(images, List(Image()))})
    return Dataset.from_dict({**texts, **images}, features=features)


def _stored(path: str, pair: ImagePair, root: Path | None, embed: bool) -> dict[str, Any]:
    file = Path(path) if root is None else root / path
    try:
        if root is not None and not file.resolve().is_relative_to(root.resolve()):
            raise PairFileError(f"row {pair.row}: {path!r} leads outside {root}; check_pairs finds such rows")
        data = file.read_bytes() if embed else None
        if data == b"" or not file.is_file():
            raise PairFileError(f"row {pair.row}: {str(file)!r} is no image file; check_pairs finds such rows")
    except (OSError, ValueError) as error:
        raise PairFileError(f"row {pair.row}: {str(file)!r} cannot be read: {error}; check_pairs finds such") from error
    # No name beside bytes: `datasets` drops the bytes where a file of that name happens to be in the working folder.
    return {"bytes": data, "path": None if embed else str(file)}


def dataset_to_pairs(dataset: datasets.Dataset, image_folder: str | os.PathLike[str]) -> CheckedPairs:
    """Read a data set with the columns of MVC; each malformed row is refused alone.

    `chosen_images` and `rejected_images` hold one image a row, in a list or not, as `Image`, path or bytes;
    `system_prompt` and `category` may be missing. What comes as bytes is written to the folder as PNG, named by its
    pixels, whatever name is stored beside it. What comes as a path alone must be a file, and relative paths start
    from the folder. Paths of pairs are relative to the folder where the image is in it, else absolute.

    Raises:
        PairFileError: a column is missing.
    """
    absent = [name for name in (*_TEXTS, *_IMAGES) if name not in dataset.column_names]
    if absent:
        raise PairFileError(f"the data set must have a column {absent[0]!r}; got {dataset.column_names}. Rename yours.")
    folder = Path(image_folder)
    return told_apart(_pair(fields, row, folder) for row, fields in enumerate(_rows(dataset)))


def _rows(dataset: datasets.Dataset) -> Iterator[Mapping[str, Any]]:
    """Rows as stored: decoding is left to us, because one broken image would end the reading of all."""
    stored = dataset.with_format("arrow")
    for table in cast("Iterable[Any]", stored.iter(batch_size=64)):
        yield from table.to_pylist()


def _pair(fields: Mapping[str, Any], row: int, folder: Path) -> ImagePair | RefusedPair:
    for name in _TEXTS:
        if not is_text(fields[name]):
            return RefusedPair(row, "malformed", f"{name} must be text")
    image_a, image_b = (_image_path(fields[name], folder) for name in _IMAGES)
    for name, image in zip(_IMAGES, (image_a, image_b), strict=True):
        if isinstance(image, NoImage):
            return RefusedPair(row, image.reason, f"{name}: {image.detail}")
    question, text_x, text_y = (fields[name] for name in _TEXTS)
    system, category = (str(fields.get(name) or "") for name in ("system_prompt", "category"))
    return ImagePair(question, str(image_a), str(image_b), text_x, text_y, system=system, category=category, row=row)


def _image_path(stored: Any, folder: Path) -> str | NoImage:
    if isinstance(stored, Sequence) and not isinstance(stored, str | bytes):
        images = cast("Sequence[Any]", stored)
        if len(images) != 1:
            return NoImage("malformed", f"must hold one image; got {len(images)}")
        stored = images[0]
    if isinstance(stored, Mapping):
        parts = cast("Mapping[str, Any]", stored)
        stored = parts.get("bytes") or parts.get("path")
    if isinstance(stored, bytes):
        return _written(stored, folder)
    if not is_text(stored) or not stored:
        return NoImage("malformed", "must be an image, a path or bytes")
    return _existing(stored, folder)


def _existing(path: str, folder: Path) -> str | NoImage:
    try:
        file = (folder / path).resolve()
        if not file.is_file():
            return NoImage("missing", f"{path!r} is no file")
    except (OSError, RuntimeError, ValueError) as error:
        return NoImage("missing", f"{path!r} is no file: {error}")
    if file.is_relative_to(folder.resolve()):
        return file.relative_to(folder.resolve()).as_posix()
    if not Path(path).is_absolute():
        return NoImage("outside_root", f"{path!r} leads outside {folder}")
    return str(file)


def _written(data: bytes, folder: Path) -> str | NoImage:
    from tempfile import NamedTemporaryFile

    from box_space import ImageError, open_image

    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            image = open_image(file.name)
        except ImageError as error:
            return NoImage(error.reason, f"{len(data)} bytes are no readable image ({error.reason})")
    return store_png(image, folder)
