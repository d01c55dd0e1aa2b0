"""Boxes and masks of named things from a COCO instances file; every annotation is used or refused with a reason."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, cast

from occlusion.annotations.category_names import CategoryNames, thing_name
from occlusion.annotations.image_names import ImageNames
from occlusion.detections import clipped_box
from occlusion.errors import OcclusionError
from occlusion.masks import Rle, segmentation_to_rle
from occlusion.words.lexicon import default_lexicon, english_words


@dataclass(frozen=True)
class Refused:
    """An annotation that was not used."""

    annotation_id: Any
    reason: str
    """`bad_box`, `box_outside`, `bad_mask`, `empty_mask` or `crowd`."""


@dataclass(frozen=True)
class FoundObjects:
    """All instances of one kind of thing in one image."""

    category: str
    """The file's own name for the kind."""

    size_wh: tuple[int, int]
    """Width and height of the image in pixels, as the file has them."""

    boxes_xyxy_px: tuple[tuple[float, float, float, float], ...]
    """One box for each instance, clipped to the image."""

    masks_rle: tuple[Rle | None, ...]
    """One mask for each box; None where the file has only the box."""

    refused: tuple[Refused, ...]
    """Annotations of the kind that could not be used."""


class CocoAnnotations:
    """Answers which boxes and masks an image has for a noun.

    >>> file = {"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
    ...         "categories": [{"id": 7, "name": "airplane"}],
    ...         "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [10, 10, 20, 60]}]}
    >>> CocoAnnotations(file).find("a.jpg", "planes").boxes_xyxy_px
    ((10.0, 10.0, 30.0, 48.0),)
    """

    def __init__(
        self, instances: Mapping[str, Any], *, synonyms: Mapping[str, str] | None = None, name: str = "annotations"
    ) -> None:
        """Index the content of an instances file.

        Args:
            instances: `images`, `annotations` and `categories`, as COCO has them.
            synonyms: noun to category name, before the built-in synonyms of the COCO categories.
            name: what to call the file in errors.

        Raises:
            OcclusionError: `bad_annotations`: one of the three lists, or an entry's id or name, is missing.
        """
        try:
            self._images = ImageNames(instances["images"])
            self._entries = list(instances["categories"])
            self._categories = CategoryNames(self._entries)
            self._annotations: dict[tuple[Any, Any], list[Mapping[str, Any]]] = defaultdict(list)
            for annotation in instances["annotations"]:
                self._annotations[annotation["image_id"], annotation["category_id"]].append(annotation)
            ids = [image["id"] for image in instances["images"]] + [one["id"] for one in instances["categories"]]
        except (KeyError, TypeError) as error:
            raise OcclusionError("bad_annotations", f"{name} must be COCO instances; {error!r} is wrong.") from error
        if any(not isinstance(one, (int, str)) for one in ids):
            raise OcclusionError("bad_annotations", f"{name}: ids must be numbers or text.")
        self._synonyms = _synonyms() | {thing_name(noun): name for noun, name in (synonyms or {}).items()}

    @classmethod
    def load(cls, path: str | Path, *, synonyms: Mapping[str, str] | None = None) -> CocoAnnotations:
        """Read an instances file.

        Raises:
            OcclusionError: `bad_annotations`: not a file, not JSON (truncated?), or not COCO instances.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OcclusionError("bad_annotations", f"{path} must be a JSON file: {error}.") from error
        return cls(content, synonyms=synonyms, name=str(path))

    def category(self, head: str) -> str | None:
        """Return the file's category for a noun: the noun itself, a synonym, or those of the last word of a compound.

        A category is found by its own name first, then in any case and number, with spaces, hyphens or underscores. The
        last word stands in only where the lexicon does not know better: a hot dog is no dog.

        Raises:
            OcclusionError: `ambiguous_category`: the noun fits two (`glass` and `glasses`), and is exactly neither.

        >>> categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]
        >>> file = {"images": [], "annotations": [], "categories": categories}
        >>> [CocoAnnotations(file).category(head) for head in ("Tennis Players", "guide dog", "hot dog")]
        ['person', 'dog', None]
        """
        entry = self._entry(head)
        return None if entry is None else str(entry["name"])

    def _entry(self, head: str) -> Mapping[str, Any] | None:
        noun = thing_name(head)
        known = self._named(head) or self._named(noun.replace(" ", ""))
        last = noun.rsplit(" ", 1)[-1]
        lexicon = default_lexicon()
        if known or last == noun or lexicon.get(noun, lexicon.get(last)) != lexicon.get(last):
            return known
        return self._named(last)

    def find(self, image_name: str, head: str) -> FoundObjects:
        """Return the instances of a noun in an image; instances that cannot be used are listed with their reason.

        Args:
            image_name: `file_name` of the file, or a path that ends in it.
            head: noun in any case and number.

        Raises:
            OcclusionError: `image_not_annotated`, `ambiguous_image` (the file has the name twice), `no_category`,
                `ambiguous_category`, `not_in_image`, `no_usable_annotation` (all were refused).
        """
        image, entry = self._images.find(image_name), self._entry(head)
        if entry is None:
            raise OcclusionError("no_category", f"no category of the annotations is called {head!r}.")
        category, annotations = str(entry["name"]), self._annotations.get((image["id"], entry["id"]), [])
        if not annotations:
            raise OcclusionError("not_in_image", f"{image_name} has no annotation of {category!r}.")
        found = _found(category, annotations, _size_wh(image))
        if not found.boxes_xyxy_px:
            reasons = ", ".join(sorted({one.reason for one in found.refused}))
            raise OcclusionError("no_usable_annotation", f"{image_name}: all of {category!r} were refused: {reasons}.")
        return found

    def find_all(self, image_name: str) -> tuple[FoundObjects, ...]:
        """Return the instances of every category that the image has, in the file's order of categories.

        A category whose instances were all refused is there too, without a box.

        Raises:
            OcclusionError: `image_not_annotated`, `ambiguous_image`, `bad_annotations` (the image has no size).
        """
        image = self._images.find(image_name)
        of_image = ((str(one["name"]), self._annotations.get((image["id"], one["id"]))) for one in self._entries)
        return tuple(_found(name, annotations, _size_wh(image)) for name, annotations in of_image if annotations)

    def size_wh(self, image_name: str) -> tuple[int, int]:
        """Return width and height of an image in pixels, as the file has them.

        Raises:
            OcclusionError: `image_not_annotated`, `ambiguous_image`, `bad_annotations` (the image has no size).
        """
        return _size_wh(self._images.find(image_name))

    def _named(self, noun: str) -> Mapping[str, Any] | None:
        return self._categories.find(noun) or self._categories.find(self._synonyms.get(thing_name(noun), ""))


def _synonyms() -> dict[str, str]:
    return {thing_name(word): category for category, words in english_words().synonyms.items() for word in words}


def _size_wh(image: Mapping[str, Any]) -> tuple[int, int]:
    width, height = image.get("width"), image.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or width < 1 or height < 1:
        raise OcclusionError("bad_annotations", f"image {image['id']!r} must have a width and a height in pixels.")
    return width, height


def _found(category: str, annotations: list[Mapping[str, Any]], size_wh: tuple[int, int]) -> FoundObjects:
    used, refused = _used_and_refused(annotations, size_wh)
    return FoundObjects(category, size_wh, tuple(b for b, _ in used), tuple(m for _, m in used), tuple(refused))


def _used_and_refused(
    annotations: list[Mapping[str, Any]], size_wh: tuple[int, int]
) -> tuple[list[tuple[tuple[float, float, float, float], Rle | None]], list[Refused]]:
    used: list[tuple[tuple[float, float, float, float], Rle | None]] = []
    refused: list[Refused] = []
    for annotation in annotations:
        try:
            used.append(_read(annotation, size_wh))
        except OcclusionError as error:
            refused.append(Refused(annotation.get("id"), error.reason))
    return used, refused


def _read(
    annotation: Mapping[str, Any], size_wh: tuple[int, int]
) -> tuple[tuple[float, float, float, float], Rle | None]:
    if annotation.get("iscrowd"):
        raise OcclusionError("crowd", "a crowd region holds more than one thing.")
    box = _clipped_box(annotation.get("bbox"), size_wh)
    segmentation = annotation.get("segmentation")
    return box, segmentation_to_rle(segmentation, size_hw=(size_wh[1], size_wh[0])) if segmentation else None


def _clipped_box(bbox: Any, size_wh: tuple[int, int]) -> tuple[float, float, float, float]:
    if not isinstance(bbox, (list, tuple)) or len(cast("list[Any]", bbox)) != 4:
        raise OcclusionError("bad_box", f"bbox must be [x, y, width, height]; got {bbox!r}.")
    if not all(isinstance(value, (int, float)) and isfinite(value) for value in cast("list[Any]", bbox)):
        raise OcclusionError("bad_box", f"bbox must be finite numbers; got {bbox!r}.")
    x, y, wide, high = (float(value) for value in cast("list[float]", bbox))
    if wide <= 0 or high <= 0:
        raise OcclusionError("bad_box", f"bbox must have a width and a height above 0; got {bbox!r}.")
    box = clipped_box((x, y, x + wide, y + high), size_wh)
    if box is None:
        raise OcclusionError("box_outside", f"bbox must overlap the image of {size_wh}; got {bbox!r}.")
    return box
