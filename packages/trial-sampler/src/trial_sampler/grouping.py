"""Order requests so that caches of images and prompts serve them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from os import PathLike, fspath

from trial_sampler.request import ImageLike


def image_key(image: ImageLike) -> Hashable:
    """Return what tells an image from another within one call: a path's text, else the object.

    >>> image_key("cat.png") == image_key("cat.png") != image_key("dog.png")
    True
    """
    return fspath(image) if isinstance(image, (str, PathLike)) else id(image)


def order_by_image(images_of: Sequence[Sequence[ImageLike]]) -> list[int]:
    """Return the indices of requests with those of one first image next to one another, else as they came.

    >>> order_by_image([["cat.png"], ["dog.png"], [], ["cat.png", "dog.png"]])
    [0, 3, 1, 2]
    """
    groups: dict[Hashable, list[int]] = {}
    for index, images in enumerate(images_of):
        groups.setdefault(image_key(images[0]) if images else None, []).append(index)
    return [index for group in groups.values() for index in group]


def windows(images_of: Sequence[Sequence[ImageLike]], most_sets: int, most: int) -> Iterator[list[int]]:
    """Yield the indices of requests by the most, with at most `most_sets` different sets of images at a time.

    Requests of one first image come next to one another; those without an image count as different.

    >>> list(windows([["cat.png"], ["dog.png"], ["cat.png"], ["cat.png"], [], []], most_sets=2, most=3))
    [[0, 2, 3], [1, 4], [5]]
    """
    window: list[int] = []
    sets: set[Hashable] = set()
    for index in order_by_image(images_of):
        key = tuple(image_key(image) for image in images_of[index]) or index
        if len(window) == most or (len(sets) == most_sets and key not in sets):
            yield window
            window, sets = [], set()
        window.append(index)
        sets.add(key)
    if window:
        yield window
