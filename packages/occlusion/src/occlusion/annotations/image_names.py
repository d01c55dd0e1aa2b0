"""Images of an annotation file by name, for readers whose paths begin elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from occlusion.errors import OcclusionError


class ImageNames:
    """Finds entries of `images`: by a path that ends in the `file_name`, or by the bare name of a file in a folder.

    The longest end of the path that is a `file_name` wins. A path with folders never finds a file of other folders.

    >>> names = ImageNames([{"file_name": "train/a.jpg"}, {"file_name": "val/a.jpg"}, {"file_name": "val/b.jpg"}])
    >>> [names.find(name)["file_name"] for name in ("/data/train/a.jpg", "D:\\\\val\\\\a.jpg", "b.jpg")]
    ['train/a.jpg', 'val/a.jpg', 'val/b.jpg']
    """

    def __init__(self, images: Iterable[Mapping[str, Any]]) -> None:
        """Index entries by their `file_name`; backslashes are slashes."""
        self._whole: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._bare: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for image in images:
            path = _path(str(image["file_name"]))
            self._whole[str(path)].append(image)
            self._bare[path.name].append(image)

    def find(self, name: str) -> Mapping[str, Any]:
        """Return the entry of a name or path.

        Raises:
            OcclusionError: `image_not_annotated`; `ambiguous_image`: two entries fit equally well.
        """
        path = _path(name)
        ends = (str(PurePosixPath(*path.parts[at:])) for at in range(len(path.parts)))
        images = next((self._whole[end] for end in ends if end in self._whole), [])
        if not images and len(path.parts) == 1:
            images = self._bare.get(path.name, [])
        if not images:
            raise OcclusionError("image_not_annotated", f"the annotations have no image called {name!r}.")
        if len(images) > 1:
            raise OcclusionError("ambiguous_image", f"the annotations have {len(images)} images called {name!r}.")
        return images[0]


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))
