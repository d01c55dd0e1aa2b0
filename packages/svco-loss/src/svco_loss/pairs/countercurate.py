"""Pairs from the Flickr30k counterfactuals of CounterCurate."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from svco_loss.errors import PairFileError, SvcoLossError
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.png_store import store_png
from svco_loss.pairs.release_files import NoImage, find_image, read_json
from svco_loss.pairs.texts import is_text

COUNTERCURATE_QUESTIONS: Mapping[str, str] = {
    "left_right": "Which of two things in this picture is further to the left?",
    "up_down": "Which of two things in this picture is higher up?",
    "counting": "How many of each thing can you count in this picture?",
    "noun": "What is going on in this picture?",
    "adjective": "What is going on in this picture, and what do things look like?",
    "reverse": "Who or what does what in this picture?",
}
"""What the captions of a category answer; in wording of our own, because the release has captions alone."""

_PLACED = ("left_right", "up_down", "counting")
_WRITTEN = ("noun", "adjective", "reverse")


@dataclass(frozen=True)
class _Release:
    """Where the files are."""

    folder: Path
    flickr: Path
    image_root: Path | None
    mirrors: Path | None
    questions: Mapping[str, str]


@dataclass(frozen=True)
class _Entry:
    """A caption of the photograph, the changed caption, and the names that the changed image may have."""

    category: str
    index: str
    pos: object
    neg: object
    folder: str
    names: tuple[str, ...]


def read_countercurate(
    folder: str | os.PathLike[str],
    flickr_images: str | os.PathLike[str],
    *,
    categories: Collection[str] = _PLACED,
    image_root: Path | None = None,
    mirrors: Path | None = None,
    questions: Mapping[str, str] = COUNTERCURATE_QUESTIONS,
) -> CheckedPairs:
    """Read `train_data` of the release; image a is the photograph, image b the changed one.

    `left_right.json`, `up_down.json` and `counting.json` map the number of a Flickr30k image to its changes, and
    `dalle_gen_counterfactuals.json` maps it to captions, null where there is none:

        {"1000092795": [{"image_id": 0, "pos": "a man is above a bush", "neg": "a man is below a bush"}]}
        {"1000092795": {"noun": "Two young women ...", "adjective": null, "reverse": "..."}}

    with the photograph's captions in `flickr30k_image_captions.json`, `{"1000092795": ["Two young men ...", ...]}`,
    of which the first is used. A change without `image_id` has its place in the list, by which its image was named.
    Changed images are `CATEGORY/neg/NUMBER_ID.png`, `.jpg` or `CATEGORY/neg/NUMBER.jpg`, and
    `dalle_gen_counterfactuals/NUMBER_noun.jpg`; photographs are `NUMBER.jpg` of Flickr30k. The release holds no
    mirrored photographs: its script makes them, and so does `mirrors`.

    Args:
        folder: `train_data`, unpacked.
        flickr_images: the images of Flickr30k, which the release leaves out.
        categories: those to read. The default is what S-VCO was trained on; `noun`, `adjective` and `reverse`, which
            swaps who does what, are the others.
        image_root: folder that paths are relative to; None: paths as joined from the two folders.
        mirrors: folder to write mirrored photographs to where the release has none. They are PNG, because a second
            JPEG compression would mark the mirrored side; None: such entries are refused.
        questions: of each category.

    Raises:
        PairFileError: an annotation file cannot be read, is no JSON or holds no object.
        SvcoLossError: an unknown category, or one without a question.

    Source: arXiv 2402.13254 and its scripts that prepare training data. Rows are numbered in the order of reading.
    """
    for category in categories:
        if category not in (*_PLACED, *_WRITTEN) or category not in questions:
            raise SvcoLossError(
                f"categories must be of {[*_PLACED, *_WRITTEN]}, with a question each; got {category!r}"
            )
    release = _Release(Path(folder), Path(flickr_images), image_root, mirrors, questions)
    entries = [entry for category in categories for entry in _entries(release.folder, category)]
    return told_apart(_pair(entry, row, release) for row, entry in enumerate(entries))


def _entries(folder: Path, category: str) -> Iterator[_Entry | str]:
    if category in _WRITTEN:
        yield from _written(folder, category)
        return
    for index, changes in _object(folder / f"{category}.json").items():
        if not isinstance(changes, list):
            yield f"{category} of {index!r} must be a list of changes"
            continue
        for place, change in enumerate(cast("list[Any]", changes)):
            yield _placed(category, index, place, change)


def _placed(category: str, index: str, place: int, change: object) -> _Entry | str:
    if not isinstance(change, Mapping):
        return f"{category} of {index!r}: a change must be an object with pos and neg"
    fields = cast("Mapping[str, Any]", change)
    number = fields.get("image_id", place)
    if not isinstance(number, int | str):
        return f"{category} of {index!r}: image_id must be a number"
    names = (f"{index}_{number}.png", f"{index}_{number}.jpg", f"{index}.jpg")
    return _Entry(category, index, fields.get("pos"), fields.get("neg"), f"{category}/neg", names)


def _written(folder: Path, category: str) -> Iterator[_Entry | str]:
    captions = _object(folder / "flickr30k_image_captions.json")
    for index, changes in _object(folder / "dalle_gen_counterfactuals.json").items():
        if not isinstance(changes, Mapping):
            yield f"{category} of {index!r} must be an object of captions"
            continue
        neg = cast("Mapping[str, Any]", changes).get(category)
        own = captions.get(index)
        pos = cast("list[Any]", own)[0] if isinstance(own, list) and own else None
        if neg is not None:
            yield _Entry(category, index, pos, neg, "dalle_gen_counterfactuals", (f"{index}_{category}.jpg",))


def _object(path: Path) -> Mapping[str, Any]:
    found = read_json(path)
    if not isinstance(found, Mapping):
        raise PairFileError(f"{os.fspath(path)!r} must hold an object by image number; got {type(found).__name__}")
    return cast("Mapping[str, Any]", found)


def _pair(entry: _Entry | str, row: int, release: _Release) -> ImagePair | RefusedPair:
    if isinstance(entry, str):
        return RefusedPair(row, "malformed", entry)
    if not (is_text(entry.pos) and is_text(entry.neg)):
        return RefusedPair(row, "malformed", f"{entry.category} of {entry.index!r}: both captions must be text")
    image_a = find_image(release.flickr, (f"{entry.index}.jpg",), image_root=release.image_root)
    image_b = image_a if isinstance(image_a, NoImage) else _changed_image(entry, release)
    if isinstance(image_a, NoImage) or isinstance(image_b, NoImage):
        reason, detail = image_a if isinstance(image_a, NoImage) else cast("NoImage", image_b)
        return RefusedPair(row, reason, f"{entry.category} of {entry.index!r}: {detail}")
    question = release.questions[entry.category]
    return ImagePair(question, image_a, image_b, entry.pos, entry.neg, category=entry.category, row=row)


def _changed_image(entry: _Entry, release: _Release) -> str | NoImage:
    found = find_image(release.folder / entry.folder, entry.names, image_root=release.image_root)
    if not isinstance(found, NoImage) or found.reason != "missing" or entry.category != "left_right":
        return found
    if release.mirrors is None:
        return NoImage("missing", f"no mirrored photograph, and no folder for mirrors: {found.detail}")
    return _mirrored(release.flickr, f"{entry.index}.jpg", release.mirrors, release.image_root)


def _mirrored(flickr: Path, name: str, mirrors: Path, image_root: Path | None) -> str | NoImage:
    from box_space import ImageError, open_image
    from PIL import ImageOps

    try:
        image = open_image(name, root=flickr)
    except ImageError as error:
        return NoImage(error.reason, str(error))
    return find_image(mirrors, (store_png(ImageOps.mirror(image), mirrors),), image_root=image_root)
