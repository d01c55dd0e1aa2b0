"""A detector that looks into annotations made by people, for oracle runs and tests of what comes after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from occlusion.annotations.coco import CocoAnnotations, FoundObjects
from occlusion.annotations.file_names import always, file_name_of
from occlusion.detections import Detection, by_score, normalized_phrases
from occlusion.errors import OcclusionError
from occlusion.single_calls import refusal_through

if TYPE_CHECKING:
    from PIL.Image import Image

_NOT_THERE = ("no_category", "not_in_image", "no_usable_annotation")


class AnnotatedDetector:
    """Finds what a COCO instances file has for each phrase, with score 1.

    The file must know the image's name. `detector(image, phrases)` asks `name_of`; `detector.for_image(name)` is a
    detector of one image, for pictures that were made or copied in memory.

    >>> from PIL import Image
    >>> file = {"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
    ...         "categories": [{"id": 7, "name": "airplane"}],
    ...         "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [10, 10, 20, 60]}]}
    >>> detect = AnnotatedDetector(CocoAnnotations(file)).for_image("a.jpg")
    >>> detect(Image.new("RGB", (64, 48)), ["Planes", "dog"])
    [Detection(phrase='Planes', box_xyxy_px=(10.0, 10.0, 30.0, 48.0), score=1.0)]
    """

    def __init__(self, annotations: CocoAnnotations, *, name_of: Callable[[Image], str] = file_name_of) -> None:
        """Take annotations.

        Args:
            annotations: of the images that will be asked about.
            name_of: image to its `file_name` in the annotations, or to a path that ends in it.
        """
        self._annotations, self._name_of = annotations, name_of

    def for_image(self, name: str) -> AnnotatedDetector:
        """Return a detector that takes every image for the one of this name."""
        return AnnotatedDetector(self._annotations, name_of=partial(always, name=name))

    def __call__(self, image: Image, phrases: Sequence[str]) -> list[Detection]:
        """Return the annotated boxes of each phrase, ordered by phrase, then box.

        A phrase without a category, without an instance in the image, or with crowds and broken annotations alone has
        no detections. Two phrases of one category ("dog", "puppy") find the same boxes.

        Raises:
            OcclusionError: `image_not_annotated`, `ambiguous_image`, `no_file_name`, `wrong_size` (the image is not of
                the annotated size, so the boxes would be off), `bad_annotations`, or what `refusal` returns.
        """
        normalized_phrases(phrases)
        if not phrases:
            return []
        name = self._name_of(image)
        return by_score(one for phrase in phrases for one in self._of_phrase(image, name, phrase))

    def refusal(self, phrase: str) -> OcclusionError | None:
        """Return the error that a call with this phrase would raise, or None; what no image has is no error.

        Its reason is `empty_phrase` or `ambiguous_category` (`glass` and `glasses` are two, and it is neither).
        """
        return refusal_through(lambda _: self._annotations.category(phrase), phrase)

    def _of_phrase(self, image: Image, name: str, phrase: str) -> list[Detection]:
        found = self._find(name, phrase)
        if found is None:
            return []
        if found.size_wh != image.size:
            message = f"{name} must have the annotated size {found.size_wh}; got {image.size}. Do not resize it before."
            raise OcclusionError("wrong_size", message)
        return [Detection(phrase, box, 1.0) for box in found.boxes_xyxy_px]

    def _find(self, name: str, phrase: str) -> FoundObjects | None:
        try:
            return self._annotations.find(name, phrase)
        except OcclusionError as error:
            if error.reason in _NOT_THERE:
                return None
            raise
