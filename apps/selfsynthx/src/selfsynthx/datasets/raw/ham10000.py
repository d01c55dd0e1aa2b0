"""HAM10000 as a labelled set."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from selfsynthx.datasets.labelled import LabelledSet, accept_rows, checked_set
from selfsynthx.datasets.labelled_folders import IMAGE_SUFFIXES
from selfsynthx.datasets.raw.raw_tree import find_root
from selfsynthx.datasets.splits import LabelledRow, Shares, split_rows
from selfsynthx.errors import InputError

TITLE = "HAM10000"

LESION_NAMES = {
    "akiec": "actinic keratosis",
    "bcc": "basal cell carcinoma",
    "bkl": "benign keratosis",
    "df": "dermatofibroma",
    "mel": "melanoma",
    "nv": "melanocytic nevus",
    "vasc": "vascular lesion",
}
"""Labels for the codes of the column dx."""

_TABLES = ("HAM10000_metadata.csv", "HAM10000_metadata")
_COLUMNS = ("lesion_id", "image_id", "dx")


def ham10000(raw: str | Path, *, shares: Shares | None = None, seed: int = 0) -> LabelledSet:
    """Skin lesions, 10,015 images in seven classes, split by lesion: the set has images of one lesion and no split.

    Ids are the images' names. The published split is not known; the default shares are 0.8, 0.1 and 0.1.

    Args:
        raw: folder with the metadata and the images, in folders of any name.
        shares: of train, validation and test.
        seed: of the split.

    Raises:
        InputError: the metadata is missing, lacks a column, or has an unknown code.
    """
    table = next((name for name in _TABLES if (Path(raw) / name).is_file()), _TABLES[0])
    root = find_root(raw, title=TITLE, needed=(table,))
    images = {path.stem: path.relative_to(root).as_posix() for path in _image_files(root)}
    lesions: dict[str, str] = {}
    rows: list[LabelledRow] = []
    for lesion, image_id, code in _metadata(root / table):
        lesions.setdefault(image_id, lesion)
        image = images.get(image_id, f"{image_id}.jpg")
        rows.append(LabelledRow(id=image_id, image=image, label=LESION_NAMES[code], split=""))
    kept, refused = accept_rows(rows, root)
    split = split_rows(kept, shares or Shares(), seed=seed, group=lambda row: lesions[row["id"]])
    return checked_set(split, root, refused, source=TITLE)


def _image_files(root: Path) -> list[Path]:
    """Images right in the root or one folder down; masks have other names."""
    found = (path for pattern in ("*", "*/*") for path in root.glob(pattern))
    return sorted(path for path in found if path.suffix.lower() in IMAGE_SUFFIXES)


def _metadata(path: Path) -> Iterator[tuple[str, str, str]]:
    """Lesion, image and code of each row."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
            raise InputError(f"{path.name} must have columns {', '.join(_COLUMNS)}; it lacks {', '.join(missing)}.")
        for row in reader:
            lesion, image_id, code = (row[name] or "" for name in _COLUMNS)
            if code not in LESION_NAMES or not lesion:
                expected = f"a lesion_id and a dx of {', '.join(LESION_NAMES)}"
                raise InputError(
                    f"{path.name}, line {reader.line_num}: expected {expected}; got {lesion!r} and {code!r}."
                )
            yield lesion, image_id, code
