"""Pairs of images with a text each, in the JSON of the MVC data set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from svco_loss.errors import PairFileError
from svco_loss.pairs.release_files import read_json
from svco_loss.pairs.texts import is_text


@dataclass(frozen=True)
class ImagePair:
    """Two nearly equal images under one question, each with a text of its own; neither is the better one."""

    question: str
    """What both texts answer."""
    image_a: str
    """Path, usually relative to a folder of images. In MVC's names the chosen one."""
    image_b: str
    """In MVC's names the rejected one."""
    text_x: str
    """Of image a."""
    text_y: str
    """Of image b."""
    system: str = ""
    """System prompt."""
    category: str = ""
    """What differs between the images, such as `count` or `left_right`; empty where nobody said."""
    row: int = 0
    """Place in the file that it was read from, from 0."""


@dataclass(frozen=True)
class RefusedPair:
    """A row that cannot be trained on."""

    row: int
    """Its place in the file, from 0."""
    reason: str
    """Slug to count by: `malformed`, `empty_text`, `same_text`, `same_image`, `too_long`, or a reason of
    `box_space.ImageError`."""
    detail: str
    """What is wrong, in one line."""


@dataclass(frozen=True)
class CheckedPairs:
    """What can be trained on, and what cannot."""

    pairs: tuple[ImagePair, ...]
    """In order."""
    refused: tuple[RefusedPair, ...]
    """In order."""


def told_apart(verdicts: Iterable[ImagePair | RefusedPair]) -> CheckedPairs:
    """Return the pairs and the refusals of a reader, each in order."""
    found = list(verdicts)
    pairs = tuple(one for one in found if isinstance(one, ImagePair))
    return CheckedPairs(pairs, tuple(one for one in found if isinstance(one, RefusedPair)))


def read_mvc(path: str | os.PathLike[str]) -> CheckedPairs:
    """Read a JSON list of `{system_prompt, instruction_prompt, chosen_images, rejected_images, chosen_response,
    rejected_response}`, with or without a `category`; malformed rows are refused one by one.

    Raises:
        PairFileError: the file cannot be read, is no JSON or holds no list.

    Source: the MVC data set of arXiv 2502.13928.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise PairFileError(f"{os.fspath(path)!r} must hold a list of rows; got {type(rows).__name__}")
    return told_apart(_parsed(row, index) for index, row in enumerate(cast("list[Any]", rows)))


def write_mvc(pairs: Iterable[ImagePair], path: str | os.PathLike[str]) -> None:
    """Write pairs as MVC JSON; the file is there whole or not at all."""
    target = Path(path)
    rows = [
        {
            "system_prompt": pair.system,
            "instruction_prompt": pair.question,
            "chosen_images": [pair.image_a],
            "rejected_images": [pair.image_b],
            "chosen_response": pair.text_x,
            "rejected_response": pair.text_y,
        }
        | ({"category": pair.category} if pair.category else {})
        for pair in pairs
    ]
    beside = target.with_name(target.name + ".part")
    beside.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(target)


def _parsed(row: object, index: int) -> ImagePair | RefusedPair:
    if not isinstance(row, Mapping):
        return RefusedPair(index, "malformed", f"a row must be an object; got {type(row).__name__}")
    fields = cast("Mapping[str, Any]", row)
    texts = {name: fields.get(name) for name in ("instruction_prompt", "chosen_response", "rejected_response")}
    system, category = (str(fields.get(name) or "") for name in ("system_prompt", "category"))
    texts |= {"system_prompt": system, "category": category}
    wrong = [name for name, text in texts.items() if not is_text(text)]
    wrong += [name for name in ("chosen_images", "rejected_images") if _only_path(fields.get(name)) is None]
    if wrong:
        return RefusedPair(index, "malformed", f"{wrong[0]} must be {_EXPECTED[wrong[0].endswith('images')]}")
    return ImagePair(
        question=fields["instruction_prompt"],
        image_a=_only_path(fields["chosen_images"]) or "",
        image_b=_only_path(fields["rejected_images"]) or "",
        text_x=fields["chosen_response"],
        text_y=fields["rejected_response"],
        system=system,
        category=category,
        row=index,
    )


_EXPECTED = {False: "text", True: "a list of one path"}


def _only_path(images: object) -> str | None:
    paths = cast("list[Any]", images) if isinstance(images, list) else []
    return paths[0] if len(paths) == 1 and is_text(paths[0]) and paths[0] else None
