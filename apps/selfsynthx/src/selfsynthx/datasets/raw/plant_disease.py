"""The New Plant Diseases set as a labelled set."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from selfsynthx.datasets.labelled import LabelledSet, Refusal
from selfsynthx.datasets.labelled_folders import image_files, subfolders
from selfsynthx.datasets.raw.raw_tree import find_root, raw_set
from selfsynthx.datasets.splits import LabelledRow

TITLE = "New Plant Diseases Dataset"

_UNPACKED = "New Plant Diseases Dataset(Augmented)"
_SPLITS = {"train": "train", "valid": "test"}
"""The set's own test folder has 33 pictures without classes; `valid` is what figures are reported on."""

_COPY = re.compile(r"(_(new30degFlipLR|newPixel25|lastflip|flip(LR|TB)?|\d+deg(FlipLR|FlipTB)?))+$", re.IGNORECASE)


def plant_disease(
    raw: str | Path, *, validation_share: float = 0.1, seed: int = 0, keep_shared_leaves: bool = False
) -> LabelledSet:
    """Leaves with train and valid as train and test; a share of train becomes validation, copies of a leaf together.

    The set was multiplied by turned and mirrored copies before it was split. Train pictures of a leaf that is also in
    test are left out, so that the test stays the published one and does not ask for what was learned by heart.

    `Tomato___Early_blight` is labelled "Tomato Early blight"; ids are the paths.

    Args:
        raw: folder with train and valid, or one that holds it.
        validation_share: of each class's train pictures; 0 for none.
        seed: of the validation.
        keep_shared_leaves: leave such pictures in train, as published.

    Raises:
        InputError: a folder is missing, or a class is left with nothing to learn from.
    """
    root = find_root(raw, title=TITLE, needed=tuple(_SPLITS), within=(_UNPACKED, f"{_UNPACKED}/{_UNPACKED}"))
    rows = [
        LabelledRow(id=image, image=image, label=leaf_label(folder.name), split=split)
        for name, split in _SPLITS.items()
        for folder in subfolders(root / name)
        for image in (path.relative_to(root).as_posix() for path in image_files(folder))
    ]
    tested = {leaf_of(row) for row in rows if row["split"] == "test"}
    shared = [row for row in rows if row["split"] == "train" and leaf_of(row) in tested]
    left_out = [] if keep_shared_leaves else [Refusal(row["id"], "leaf_in_test", repr(leaf_of(row))) for row in shared]
    names = {one.id for one in left_out}
    kept = [row for row in rows if row["id"] not in names]
    return raw_set(
        kept, root, title=TITLE, validation_share=validation_share, seed=seed, group=leaf_of, refused=left_out
    )


def leaf_label(folder: str) -> str:
    """The label of a class: the plant, then its condition; remarks in brackets are left out.

    >>> leaf_label("Tomato___Early_blight"), leaf_label("Pepper,_bell___healthy")
    ('Tomato Early blight', 'Bell pepper healthy')
    >>> leaf_label("Corn_(maize)___Common_rust_"), leaf_label("Tomato___Tomato_mosaic_virus")
    ('Corn Common rust', 'Tomato mosaic virus')
    """
    plant, _, condition = re.sub(r"\([^)]*\)", " ", folder).partition("___")
    plant, condition = (" ".join(part.replace("_", " ").split()) for part in (plant, condition))
    thing, comma, sort = plant.partition(", ")
    plant = f"{sort} {thing}".capitalize() if comma else plant
    return condition if condition.startswith(f"{plant} ") else f"{plant} {condition}".strip()


def leaf_of(row: LabelledRow) -> str:
    """The class and the name of the picture that a copy was made from.

    >>> leaf_of(LabelledRow(id="", image="train/Apple___healthy/0a5e___RS_HL 1_90deg.JPG", label="", split="train"))
    'Apple___healthy/0a5e___RS_HL 1'
    """
    path = PurePosixPath(row["image"])
    return f"{path.parent.name}/{_COPY.sub('', path.stem)}"
