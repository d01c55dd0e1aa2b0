"""CUB-200-2011 as a labelled set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from selfsynthx.datasets.labelled import LabelledSet
from selfsynthx.datasets.raw.raw_tree import find_root, raw_set, read_map
from selfsynthx.datasets.splits import LabelledRow
from selfsynthx.errors import InputError

TITLE = "CUB-200-2011"

_LISTS = ("images.txt", "image_class_labels.txt", "train_test_split.txt", "classes.txt")
_SPLITS = {"1": "train", "0": "test"}


def cub_200(raw: str | Path, *, validation_share: float = 0.1, seed: int = 0) -> LabelledSet:
    """Birds with the official split: 5,994 to learn from, of which a share becomes validation, and 5,794 for the test.

    `001.Black_footed_Albatross` is labelled "Black footed Albatross"; ids are those of images.txt.

    Args:
        raw: folder CUB_200_2011, or the one that holds it.
        validation_share: of each bird's train pictures; 0 for the published split.
        seed: of the validation.

    Raises:
        InputError: a list or the images are missing, or the lists do not go together.
    """
    root = find_root(raw, title=TITLE, needed=(*_LISTS, "images"), within=("CUB_200_2011",))
    images, classes, splits, names = (read_map(root / name) for name in _LISTS)
    rows = [
        LabelledRow(
            id=number,
            image=f"images/{image}",
            label=bird_name(_looked_up(names, _looked_up(classes, number, _LISTS[1]), _LISTS[3])),
            split=_looked_up(_SPLITS, _looked_up(splits, number, _LISTS[2]), f"the splits 1 and 0 of {_LISTS[2]}"),
        )
        for number, image in images.items()
    ]
    return raw_set(rows, root, title=TITLE, validation_share=validation_share, seed=seed)


def bird_name(folder: str) -> str:
    """The label of a class.

    >>> bird_name("001.Black_footed_Albatross")
    'Black footed Albatross'
    """
    number, dot, name = folder.partition(".")
    return (name if dot and number.isdecimal() else folder).replace("_", " ")


def _looked_up(values: Mapping[str, str], key: str, where: str) -> str:
    if key not in values:
        raise InputError(f"{TITLE}: the lists must go together; {key!r} of images.txt leads to nothing in {where}.")
    return values[key]
