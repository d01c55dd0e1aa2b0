"""The chest X-ray set of normal lungs and pneumonia as a labelled set."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from selfsynthx.datasets.labelled import LabelledSet
from selfsynthx.datasets.labelled_folders import SPLIT_NAMES, image_files
from selfsynthx.datasets.raw.raw_tree import find_root, raw_set
from selfsynthx.datasets.splits import LabelledRow

TITLE = "Chest X-Ray Images (Pneumonia)"

POSITIVE, NEGATIVE = "pneumonia", "no pneumonia"

_FOLDERS = ("train", "val", "test")
_PATIENT = re.compile(r"person\d+|(?:NORMAL2-)?IM-\d+")


def chest_xray(
    raw: str | Path, *, validation_share: float = 0.1, seed: int = 0, negative_label: str = NEGATIVE
) -> LabelledSet:
    """Chest X-rays with the folders' split, 5,216 / 16 / 624; a share of train joins the 16, which are too few.

    Images of one patient, as far as names tell, stay together. Ids are the paths.

    Args:
        raw: folder chest_xray, or the one that holds it.
        validation_share: of each label's train images that join validation; 0 for the published split.
        seed: of the validation.
        negative_label: of the folders NORMAL. "normal", as published, is also what answers call a heart beside
            pneumonia, so that they name both labels.

    Raises:
        InputError: a folder is missing.
    """
    classes = {"NORMAL": negative_label, "PNEUMONIA": POSITIVE}
    needed = [f"{folder}/{name}" for folder in _FOLDERS for name in classes]
    root = find_root(raw, title=TITLE, needed=needed, within=("chest_xray",))
    rows = [
        LabelledRow(id=image, image=image, label=label, split=SPLIT_NAMES[folder])
        for folder in _FOLDERS
        for name, label in classes.items()
        for image in (path.relative_to(root).as_posix() for path in image_files(root / folder / name))
    ]
    return raw_set(rows, root, title=TITLE, validation_share=validation_share, seed=seed, group=_patient)


def _patient(row: LabelledRow) -> str:
    """The patient that the file's name tells; the image itself where it tells none.

    >>> _patient(LabelledRow(id="", image="train/PNEUMONIA/person7_bacteria_24.jpeg", label="", split="train"))
    'person7'
    """
    name = PurePosixPath(row["image"]).name
    found = _PATIENT.match(name)
    return found[0] if found else name
