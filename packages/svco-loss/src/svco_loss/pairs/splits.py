"""A seeded split that no image crosses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import ImagePair

PUBLISHED_VALIDATION = 240
"""Rows for validation. Source: arXiv 2502.13928."""


class Split(NamedTuple):
    """Pairs to train on and pairs to validate on, each shuffled by the seed."""

    train: list[ImagePair]
    validation: list[ImagePair]


def split_pairs(pairs: Sequence[ImagePair], *, validation: int = PUBLISHED_VALIDATION, seed: int = 0) -> Split:
    """Split pairs so that those which share an image stay together; the same for any order of the rows.

    Validation gets whole groups, in an order that the seed decides, for as long as they fit.

    Raises:
        SvcoLossError: fewer than 0 or more rows for validation than there are pairs.
    """
    if not 0 <= validation <= len(pairs):
        raise SvcoLossError(f"validation must lie in [0, {len(pairs)}] (the number of pairs); got {validation}")
    chosen: list[ImagePair] = []
    train: list[ImagePair] = []
    for group in sorted(_groups(pairs), key=lambda group: min(_rank(pair, seed) for pair in group)):
        (chosen if len(chosen) + len(group) <= validation else train).extend(group)
    return Split(*(sorted(side, key=lambda pair: _rank(pair, seed)) for side in (train, chosen)))


def _rank(pair: ImagePair, seed: int) -> str:
    fields = (str(seed), pair.question, pair.image_a, pair.image_b, pair.text_x, pair.text_y, pair.system)
    digest = hashlib.blake2b(digest_size=16)
    for field in fields:
        digest.update(f"{len(field)}:{field}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _groups(pairs: Sequence[ImagePair]) -> list[list[ImagePair]]:
    """Pairs that are linked by images, directly or through others."""
    parent: dict[str, str] = {}

    def root(image: str) -> str:
        parent.setdefault(image, image)
        while parent[image] != image:
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    for pair in pairs:
        parent[root(pair.image_a)] = root(pair.image_b)
    groups: dict[str, list[ImagePair]] = {}
    for pair in pairs:
        groups.setdefault(root(pair.image_a), []).append(pair)
    return list(groups.values())
