"""A segmenter that looks into annotations made by people: the mask of the object whose box fits best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from box_space import iou
from numpy.typing import NDArray

from occlusion.annotations.coco import CocoAnnotations
from occlusion.annotations.file_names import always, file_name_of
from occlusion.errors import OcclusionError
from occlusion.masks import Rle, decode_mask
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters.boxes import Box, found_in_box, on_usable

if TYPE_CHECKING:
    from PIL.Image import Image


class AnnotatedSegmenter:
    """Gives each box the mask of the annotated object that overlaps it most, of any category.

    Crowds and broken annotations are left out. The file must know the image's name: `segmenter(image, boxes)` asks
    `name_of`; `segmenter.for_image(name)` is a segmenter of one image, for pictures that were made or copied in memory.

    >>> from PIL import Image
    >>> square = {"bbox": [1, 0, 2, 2], "segmentation": [[1, 0, 3, 0, 3, 2, 1, 2]]}
    >>> file = {"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 3}],
    ...         "categories": [{"id": 7, "name": "cup"}],
    ...         "annotations": [{"id": 5, "image_id": 1, "category_id": 7, **square}]}
    >>> segment = AnnotatedSegmenter(CocoAnnotations(file)).for_image("a.jpg")
    >>> found, = segment(Image.new("RGB", (4, 3)), [(1, 0, 3, 3)])
    >>> found.mask_hw.astype(int).tolist(), round(found.box_share, 2)
    ([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]], 0.67)
    """

    def __init__(
        self,
        annotations: CocoAnnotations,
        *,
        min_iou: float = 0.5,
        as_rle: bool = False,
        name_of: Callable[[Image], str] = file_name_of,
    ) -> None:
        """Take annotations.

        Args:
            annotations: of the images that will be asked about.
            min_iou: overlap (intersection over union) that a box must have with an annotated one, at least.
            as_rle: keep masks as run lengths.
            name_of: image to its `file_name` in the annotations, or to a path that ends in it.

        Raises:
            OcclusionError: `bad_option`: min_iou is not above 0 and at most 1.
        """
        if not 0 < min_iou <= 1:
            raise OcclusionError("bad_option", f"min_iou must be above 0 and at most 1; got {min_iou}.")
        self._annotations, self._min_iou, self._as_rle, self._name_of = annotations, min_iou, as_rle, name_of

    def for_image(self, name: str) -> AnnotatedSegmenter:
        """Return a segmenter that takes every image for the one of this name."""
        named = partial(always, name=name)
        return AnnotatedSegmenter(self._annotations, min_iou=self._min_iou, as_rle=self._as_rle, name_of=named)

    def __call__(self, image: Image, boxes_xyxy_px: Sequence[Sequence[float]]) -> list[FoundMask | Unmasked]:
        """Return one result for each box: `no_annotation` where none fits well, `no_mask` where it is a box alone.

        Raises:
            OcclusionError: `bad_boxes`, `image_not_annotated`, `ambiguous_image`, `no_file_name`, `wrong_size` (the
                image is not of the annotated size), `bad_annotations`.
        """
        return on_usable(boxes_xyxy_px, image.size, lambda boxes: self._look_up(image, boxes))

    def _look_up(self, image: Image, boxes: list[Box]) -> list[FoundMask | Unmasked]:
        name = self._name_of(image)
        size_wh = self._annotations.size_wh(name)
        if size_wh != image.size:
            message = f"{name} must have the annotated size {size_wh}; got {image.size}. Do not resize it before."
            raise OcclusionError("wrong_size", message)
        found = self._annotations.find_all(name)
        known = [pair for one in found for pair in zip(one.boxes_xyxy_px, one.masks_rle, strict=True)]
        known_K_4 = np.array([box for box, _ in known], np.float64).reshape(-1, 4)
        overlaps_N_K = iou(np.array(boxes, np.float64), known_K_4)
        return [self._best(box, row_K, known) for box, row_K in zip(boxes, overlaps_N_K, strict=True)]

    def _best(
        self, box: Box, overlaps_K: NDArray[np.float64], known: Sequence[tuple[Box, Rle | None]]
    ) -> FoundMask | Unmasked:
        most = float(overlaps_K.max(initial=0.0))
        if most < self._min_iou:
            detail = f"of {len(known)} annotations the best overlaps {box} by {most:.2f}; {self._min_iou} is needed"
            return Unmasked("no_annotation", detail)
        mask = known[int(overlaps_K.argmax())][1]
        if mask is None:
            return Unmasked("no_mask", f"the annotation that fits {box} has a box alone")
        return found_in_box(decode_mask(mask), box, "annotations", as_rle=self._as_rle)
