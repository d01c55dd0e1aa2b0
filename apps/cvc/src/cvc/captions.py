"""Caption files that people already have, as one row for each image.

Three shapes are read: the CVC list (`[{"image", "text_input"}]`), lists with `caption` or `captions`
(LLaVA-like ones with `conversations` too), and COCO captions (`{"images", "annotations"}`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from cvc.errors import InputError

_CAPTION_KEYS = ("text_input", "caption", "captions", "text")


def read_captions(path: Path) -> list[dict[str, Any]]:
    """Read a caption file into rows `{id, image, captions}`, one for each image, in the file's order.

    A caption that is not text becomes None, so that a later stage can give it its verdict; an entry without an
    image becomes an image named "".

    Raises:
        InputError: The file is missing, is not JSON, has none of the known shapes, or is empty.
    """
    document = _read_json(path)
    pairs = list(_coco_pairs(document, path) if isinstance(document, dict) else _list_pairs(document, path))
    if not pairs:
        raise InputError(f"{path.name} holds no captions; expected a list of {{'image', 'caption'}} or COCO captions.")
    return _rows_by_image(pairs)


def row_ids(images: Iterable[str]) -> dict[str, str]:
    """Name each image by its path without extension; images that would share a name keep their extension.

    >>> row_ids(["a/1.png", "a/2.png", "a/2.jpg"])
    {'a/1.png': 'a/1', 'a/2.png': 'a/2.png', 'a/2.jpg': 'a/2.jpg'}
    """
    names = list(dict.fromkeys(images))
    stems = {name: str(PurePosixPath(name).with_suffix("")) if PurePosixPath(name).name else name for name in names}
    counts = Counter(stems.values())
    return {name: stem if counts[stem] == 1 else name for name, stem in stems.items()}


def _read_json(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"No caption file at {path}. Give one with --captions FILE.json.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path.name} is not complete JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error


def _list_pairs(document: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    if not isinstance(document, list):
        raise InputError(f"{path.name} must hold a list or COCO captions; got {type(document).__name__}.")
    for entry in document:
        if not isinstance(entry, dict):
            yield "", entry
            continue
        for caption in _captions_of(entry):
            yield entry.get("image", ""), caption


def _captions_of(entry: dict[str, Any]) -> list[Any]:
    for key in _CAPTION_KEYS:
        if key in entry:
            return entry[key] if isinstance(entry[key], list) else [entry[key]]
    turns = entry.get("conversations")
    if isinstance(turns, list):
        return [turn.get("value") for turn in turns if isinstance(turn, dict) and turn.get("from") == "gpt"][:1]
    return [None]


def _coco_pairs(document: dict[str, Any], path: Path) -> Iterator[tuple[Any, Any]]:
    if not isinstance(document.get("images"), list) or not isinstance(document.get("annotations"), list):
        raise InputError(f"{path.name} is an object without COCO's 'images' and 'annotations' lists.")
    names = {entry.get("id"): entry.get("file_name", "") for entry in document["images"] if isinstance(entry, dict)}
    for entry in document["annotations"]:
        if isinstance(entry, dict) and "caption" in entry:
            yield names.get(entry.get("image_id"), ""), entry["caption"]


def _rows_by_image(pairs: Iterable[tuple[Any, Any]]) -> list[dict[str, Any]]:
    captions: dict[str, list[str | None]] = {}
    for image, caption in pairs:
        captions.setdefault(_storable(image) or "", []).append(_storable(caption))
    ids = row_ids(captions)
    return [{"id": ids[image] or "(no image)", "image": image, "captions": texts} for image, texts in captions.items()]


def _storable(value: Any) -> str | None:
    """Text as it is when UTF-8 can carry it (JSON may hold half of a surrogate pair), else None."""
    if not isinstance(value, str):
        return None
    return value if value.encode("utf-8", "ignore").decode() == value else None
