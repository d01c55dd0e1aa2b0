"""Stanford Dogs as a labelled set."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from selfsynthx.datasets.labelled import LabelledSet
from selfsynthx.datasets.raw.matlab_lists import read_text_cells
from selfsynthx.datasets.raw.raw_tree import find_root, raw_set
from selfsynthx.datasets.splits import LabelledRow

TITLE = "Stanford Dogs"

_LISTS = {"train": "train_list.mat", "test": "test_list.mat"}


def stanford_dogs(raw: str | Path, *, validation_share: float = 0.1, seed: int = 0) -> LabelledSet:
    """Dogs with the official split: 12,000 to learn from, of which a share becomes validation, and 8,580 for the test.

    `n02113624-toy_poodle` is labelled "toy poodle"; ids are the files' names, such as `n02113624_1461`.

    Args:
        raw: folder with Images, train_list.mat and test_list.mat.
        validation_share: of each breed's train pictures; 0 for the published split.
        seed: of the validation.

    Raises:
        InputError: a list or the images are missing, or a list is damaged.
    """
    root = find_root(raw, title=TITLE, needed=(*_LISTS.values(), "Images"))
    rows = [
        LabelledRow(
            id=PurePosixPath(file).stem, image=f"Images/{file}", label=breed_name(file.partition("/")[0]), split=split
        )
        for split, name in _LISTS.items()
        for file in read_text_cells(root / name, "file_list")
    ]
    return raw_set(rows, root, title=TITLE, validation_share=validation_share, seed=seed)


def breed_name(folder: str) -> str:
    """The label of a class; the number of its WordNet entry is left out.

    >>> breed_name("n02085620-Chihuahua"), breed_name("n02086240-Shih-Tzu")
    ('Chihuahua', 'Shih-Tzu')
    """
    return folder.partition("-")[2].replace("_", " ")
