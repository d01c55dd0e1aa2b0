"""Images of rows as paths that another trainer can open: paths stay, PIL images are saved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from box_space import ImageError, clean_image
from PIL import Image

from llava_train.dialogue import ImageRef
from llava_train.errors import RowError


class ExportedImages:
    """Gives each image of an export a path; relative ones start from one root."""

    def __init__(self, root: Path, folder_name: str) -> None:
        """Take the root, and the name of the folder in it for images that have no path yet."""
        self.root = root
        self._folder_name = folder_name

    def paths_of(self, images: Sequence[ImageRef], row_number: int) -> list[str]:
        """The images of one row as paths, in order: those given unchanged, PIL images saved as RGB PNG under the root.

        Raises:
            RowError: `missing_image` where a path leads to no file; a reason of `box_space.ImageError` where a PIL
                image cannot be read.
        """
        return [self._path_of(image, f"{row_number:06d}-{k}.png") for k, image in enumerate(images)]

    def _path_of(self, image: ImageRef, name: str) -> str:
        if isinstance(image, Image.Image):
            folder = self.root / self._folder_name
            try:
                pixels = clean_image(image)
            except ImageError as error:
                raise RowError(error.reason, str(error)) from error
            folder.mkdir(parents=True, exist_ok=True)
            pixels.save(folder / name)
            return f"{self._folder_name}/{name}"
        if not (self.root / image).is_file():
            raise RowError(
                "missing_image",
                f"{image} must be a file, relative to {self.root}; pass image_root, where the rows' paths start.",
            )
        return os.fspath(image)
