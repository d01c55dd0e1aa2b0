"""Minimal pairs from pictures in which one thing is hidden behind gray blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.texts import is_text

OCCLUSION = "occlusion"
"""Category of these pairs."""


class _Wording(NamedTuple):
    question: str
    whole: str
    hidden: str


# Where the question does not name the thing, neither does the answer for the hidden picture: what lies behind the
# blocks cannot be read off it. No sentence has a verb that agrees with the thing, which may be one or many.
_WORDINGS = (
    _Wording(
        "Can you see the {head} in this picture?",
        "Yes, I can see the {head} in this picture.",
        "No, I cannot see the {head}: gray blocks hide that place.",
    ),
    _Wording(
        "Look for the {head}. What do you find?",
        "I find the {head} in plain sight.",
        "Gray blocks cover the place, so I cannot see the {head} at all.",
    ),
    _Wording(
        "Is anything in this picture hidden by gray blocks?",
        "No gray blocks lie on this picture, and one can see the {head} in it.",
        "Yes, gray blocks lie on a part of this picture, and what they hide cannot be seen.",
    ),
    _Wording(
        "Would you be able to point at the {head} here?",
        "Yes, I could point at the {head}; nothing has been put in front of that place.",
        "No, somebody put gray blocks over that place, so the {head} cannot be seen here.",
    ),
    _Wording(
        "Does this picture show all of the scene?",
        "Yes, no part of it has been covered; one can see the {head} too.",
        "No, gray blocks cover a part of the scene, and what is behind them cannot be seen.",
    ),
    _Wording(
        "Tell me whether the {head} can be seen or is covered.",
        "The {head} can be seen; no block is in the way.",
        "That place is covered by gray blocks, so the {head} cannot be seen.",
    ),
)


def occlusion_pairs(
    rows: Iterable[Mapping[str, Any]], *, images: str = "", run_folder: str = "", seed: int = 0
) -> CheckedPairs:
    """Make a pair of each row `{id, image, occluded, head}`: image a is whole, in image b the thing is hidden.

    Text x names the thing; text y says that gray blocks hide the place. The wording follows from seed and id.

    Args:
        rows: as the step `occlude` of an occlusion pipeline writes them; other columns are left alone.
        images: folder that `image` is relative to, put before it.
        run_folder: folder that `occluded` is relative to, put before it.
        seed: decides wordings.

    >>> row = {"id": "street-7/hydrant", "image": "street-7.jpg", "occluded": "occluded/h.png", "head": "hydrant"}
    >>> pair = occlusion_pairs([row], run_folder="run").pairs[0]
    >>> pair.image_b, pair.category, "hydrant" in pair.text_x, "gray blocks" in pair.text_y
    ('run/occluded/h.png', 'occlusion', True, True)
    """
    return told_apart(_pair(row, place, images, run_folder, seed) for place, row in enumerate(rows))


def _pair(row: object, place: int, images: str, run_folder: str, seed: int) -> ImagePair | RefusedPair:
    if not isinstance(row, Mapping):
        return RefusedPair(place, "malformed", f"a row must be an object; got {type(row).__name__}")
    wrong = [name for name in ("id", "image", "occluded", "head") if not is_text(row.get(name))]
    if wrong:
        return RefusedPair(place, "malformed", f"{wrong[0]} must be text")
    head = " ".join(row["head"].split())
    if head.casefold() in ("", "nothing", "none", "null", "nan"):
        return RefusedPair(place, "empty_text", f"head must name a thing; got {row['head']!r}")
    if len(head) > _MOST_CHARS:
        return RefusedPair(place, "too_long", f"head has {len(head)} characters, more than {_MOST_CHARS}")
    for name, folder in (("image", images), ("occluded", run_folder)):
        if not row[name] or (folder and _leaves(row[name])):
            reason = "outside_root" if row[name] else "missing"
            return RefusedPair(place, reason, f"{name} must be a path inside {folder or 'a folder'}; got {row[name]!r}")
    image_a, image_b = _joined(images, row["image"]), _joined(run_folder, row["occluded"])
    if image_a == image_b:
        return RefusedPair(place, "same_image", f"{image_a!r} stands on both sides")
    question, whole, hidden = (text.format(head=head) for text in _WORDINGS[_choice(seed, row["id"])])
    return ImagePair(question, image_a, image_b, whole, hidden, category=OCCLUSION, row=place)


_MOST_CHARS = 80


def _choice(seed: int, row_id: str) -> int:
    digest = hashlib.blake2b(f"{seed}:{row_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % len(_WORDINGS)


def _leaves(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts


def _joined(folder: str, path: str) -> str:
    return (PurePosixPath(folder) / path).as_posix() if folder else path
