"""Pairs from the edited images of FineCops-Ref."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from svco_loss.errors import PairFileError
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.release_files import NoImage, find_image, read_json
from svco_loss.pairs.texts import is_text

FINECOPS_QUESTION = "Describe one thing in this picture so that nobody can take it for another."
"""What referring expressions answer; in wording of our own."""


@dataclass(frozen=True)
class FineCopsFields:
    """Names of the keys that are read, as the README of FineCops-Ref gives them; other releases may differ."""

    image: str = "image_id"
    """Number of a GQA image, or name of an edited one; the file is this name with `.jpg`, `.jpeg` or `.png`."""
    expression: str = "expression"
    """Text that refers to a thing."""
    positive: str = "positive_id"
    """Of a negative row: id of the row that it was made from."""
    kind: str = "negative_cate"
    """Of a negative row: `image` or `text`."""
    change: str = "negative_type"
    """Of a negative row: `object`, `attribute`, `relation`, `flip`, `swap_attr` or `order`; the pair's category."""
    path: str = "tuple"
    """What the expression was made from; a text and an image with the same one hold the same change."""


@dataclass(frozen=True)
class _Folders:
    images: Path
    negatives: Path
    image_root: Path | None
    question: str
    fields: FineCopsFields


_Rows = Mapping[str, Mapping[str, Any]]


def read_finecops(
    annotations: str | os.PathLike[str],
    gqa_images: str | os.PathLike[str],
    negative_images: str | os.PathLike[str],
    *,
    dropped: Collection[str] = ("order",),
    image_root: Path | None = None,
    question: str = FINECOPS_QUESTION,
    fields: FineCopsFields | None = None,
) -> CheckedPairs:
    """Read the rows with an edited image; image a is the photograph with its own expression.

    `expression_all_train_set.json` and its like map ids to rows, and files `..._coco_format.json` hold the same rows
    as `annotations`, whose `images` give `file_name` and `caption`; both forms are read:

        {"7": {"image_id": "2370370", "expression": "The dog left of the sofa.", "tuple": [["dog", "left", "sofa"]]},
         "9": {"image_id": "neg_12", "expression": "The cat left of the sofa.", "tuple": [["cat", "left", "sofa"]],
               "positive_id": 7, "negative_cate": "image", "negative_type": "object"}}

    The benchmark asks an edited image for what is no longer in it, so its row may repeat the expression of its
    positive. Then text y is that of the one negative text with the same positive, change and `tuple`; without such a
    text the row is refused, because nothing would say what its image shows.

    Args:
        annotations: JSON with positives and negatives.
        gqa_images: folder of the GQA images.
        negative_images: folder of the edited images, as `neg_images.tgz` unpacks.
        dropped: changes to leave out; S-VCO drops `order`, whose results often make no sense.
        image_root: folder that paths are relative to; None: paths as joined from the two folders.
        question: of all pairs.
        fields: names of the keys; None: those of the release.

    Raises:
        PairFileError: the file cannot be read, is no JSON, or holds neither form.

    Source: arXiv 2409.14750 and its README. The README does not say which expression stands in a row with an edited
    image: look at a few pairs before training.
    """
    names = fields or FineCopsFields()
    rows = _rows(annotations, names)
    texts = _negative_texts(rows, names)
    folders = _Folders(Path(gqa_images), Path(negative_images), image_root, question, names)
    return told_apart(
        _pair(key, place, rows, texts, folders)
        for place, (key, row) in enumerate(rows.items())
        if not row or (row.get(names.kind) == "image" and str(row.get(names.change)) not in dropped)
    )


def _rows(path: str | os.PathLike[str], names: FineCopsFields) -> _Rows:
    """Rows by id, in order; what is no object becomes one without keys."""
    found = read_json(path)
    if isinstance(found, Mapping) and isinstance(found.get("annotations"), list):
        if isinstance(found.get("images"), list):
            return _coco_rows(found["images"], found["annotations"], names)
        raise PairFileError(f"{os.fspath(path)!r} holds a list of annotations, so it must hold a list of images too")
    if not isinstance(found, Mapping):
        raise PairFileError(f"{os.fspath(path)!r} must hold rows by id, or COCO; got {type(found).__name__}")
    return {key: row if isinstance(row, Mapping) else {} for key, row in cast("Mapping[str, Any]", found).items()}


def _coco_rows(images: list[Any], annotations: list[Any], names: FineCopsFields) -> _Rows:
    """Rows by image id: each row has an image entry of its own, and `positive_id` means that one."""
    by_id = {str(image.get("id")): image for image in images if isinstance(image, Mapping)}
    rows: dict[str, Mapping[str, Any]] = {}
    for place, annotation in enumerate(annotations):
        row = cast("Mapping[str, Any]", annotation) if isinstance(annotation, Mapping) else {}
        key = str(row.get("image_id"))
        image: Mapping[str, Any] = by_id.get(key, {})
        own = {names.image: image.get("file_name"), names.expression: image.get("caption", row.get(names.expression))}
        rows[f"annotation {place}" if key in rows or not row else key] = {**row, **own} if row else {}
    return rows


def _negative_texts(rows: _Rows, names: FineCopsFields) -> dict[str, set[str]]:
    """Expressions of negative texts by what an edited image has in common with its own."""
    found: dict[str, set[str]] = {}
    for row in rows.values():
        text = row.get(names.expression)
        if row.get(names.kind) == "text" and is_text(text):
            found.setdefault(_shared(row, names), set()).add(text)
    return found


def _shared(row: Mapping[str, Any], names: FineCopsFields) -> str:
    return repr((str(row.get(names.positive)), row.get(names.change), row.get(names.path)))


def _pair(
    key: str, place: int, rows: _Rows, texts: Mapping[str, set[str]], folders: _Folders
) -> ImagePair | RefusedPair:
    names, row = folders.fields, rows[key]
    if not row:
        return RefusedPair(place, "malformed", f"{key!r} must be an object with keys")
    positive = rows.get(str(row.get(names.positive)))
    if not positive or names.kind in positive:
        return RefusedPair(place, "malformed", f"{key!r}: {names.positive} must be the id of a positive row")
    text_x, own = positive.get(names.expression), row.get(names.expression)
    if not (is_text(text_x) and is_text(own)):
        return RefusedPair(place, "malformed", f"{key!r}: both expressions must be text")
    changed = {own} if own != text_x else texts.get(_shared(row, names), set()) - {text_x}
    if len(changed) != 1:
        return RefusedPair(place, "no_changed_text", f"{key!r}: {len(changed)} texts say what the edited image shows")
    image_a = _image(positive, folders.images, folders)
    image_b = _image(row, folders.negatives, folders)
    if isinstance(image_a, NoImage) or isinstance(image_b, NoImage):
        reason, detail = image_a if isinstance(image_a, NoImage) else cast("NoImage", image_b)
        return RefusedPair(place, reason, f"{key!r}: {detail}")
    category = str(row.get(names.change) or "")
    return ImagePair(folders.question, image_a, image_b, text_x, changed.pop(), category=category, row=place)


def _image(row: Mapping[str, Any], folder: Path, folders: _Folders) -> str | NoImage:
    name = str(row.get(folders.fields.image))
    named = (name,) if Path(name).suffix.lower() in (".jpg", ".jpeg", ".png") else ()
    return find_image(
        folder, (*named, *(f"{name}{end}" for end in (".jpg", ".jpeg", ".png"))), image_root=folders.image_root
    )
