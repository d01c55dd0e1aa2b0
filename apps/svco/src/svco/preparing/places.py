"""Where the images of pairs lie, and the folder that their paths are relative to."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from svco_loss.pairs import CheckedPairs, ImagePair, RefusedPair, told_apart


def with_located_images(
    pairs: Iterable[ImagePair], folder_a: Path | None, folder_b: Path | None = None
) -> CheckedPairs:
    """Give pairs absolute paths to files that are really inside the folder of their side; None leaves a side alone.

    Refused with a reason: `missing` and `outside_root`.
    """
    return told_apart(_located(pair, folder_a, folder_b) for pair in pairs)


def _located(pair: ImagePair, folder_a: Path | None, folder_b: Path | None) -> ImagePair | RefusedPair:
    for name, folder in (("image_a", folder_a), ("image_b", folder_b)):
        if folder is None:
            continue
        path = str(getattr(pair, name))
        try:
            file = (folder / path).resolve()
            is_inside, is_file = file.is_relative_to(folder.resolve()), file.is_file()
        except (OSError, RuntimeError, ValueError):  # too long, a loop of links, NUL in the name
            return RefusedPair(pair.row, "missing", f"{path[:200]!r} is no file in {folder}")
        if not is_inside:
            return RefusedPair(pair.row, "outside_root", f"{path!r} leads outside {folder}")
        if not is_file:
            return RefusedPair(pair.row, "missing", f"{path!r} is no file in {folder}")
        pair = replace(pair, **{name: str(file)})
    return pair


def with_common_folder(pairs: Sequence[ImagePair], preferred: Path) -> tuple[list[ImagePair], Path]:
    """Make paths relative to the preferred folder if all images are really in it, else to the deepest one that holds
    all, and return that folder too."""
    real = {path: Path(path).resolve() for pair in pairs for path in (pair.image_a, pair.image_b)}
    folder = preferred.resolve()
    if not all(path.is_relative_to(folder) for path in real.values()):
        folder = Path(os.path.commonpath({path.parent for path in real.values()}))
    names = {path: file.relative_to(folder).as_posix() for path, file in real.items()}
    return [replace(pair, image_a=names[pair.image_a], image_b=names[pair.image_b]) for pair in pairs], folder
