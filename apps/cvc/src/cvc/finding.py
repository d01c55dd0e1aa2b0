"""Where the named things are: boxes from annotations or a detector, and a mask for each box."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn

from cvc.construction import detector_config, load_annotations, load_detector_of, load_segmenter_of, segmenter_config
from cvc.settings import GIVEN_MASKS, CvcSettings

if TYPE_CHECKING:
    from occlusion import Detector

ImageFn = Callable[[list[Row]], list[Outcome]]
"""Works on the rows of one image."""


def boxes_stage(settings: CvcSettings) -> Stage:
    """Find the boxes of the named things, of all things of an image together; no box, no instance."""

    def make() -> StageFn:
        if settings.detector == "annotations":
            annotations = load_annotations(settings)
            return _image_by_image(lambda rows: [_annotated(row, annotations) for row in rows])
        detector = load_detector_of(settings)
        return _image_by_image(lambda rows: _detected(rows, detector, settings))

    return Stage(name="boxes", make=make, config=detector_config(settings), batch_size=256)


def masks_stage(settings: CvcSettings) -> Stage:
    """Give every box a mask in COCO run-length encoding; the boxes of an image go through its segmenter together."""

    def make() -> StageFn:
        if settings.segmenter == "annotations":
            return lambda rows: [_only_given(row) for row in rows]
        segmenter = load_segmenter_of(settings)
        return _image_by_image(lambda rows: _masked(rows, segmenter, settings))

    return Stage(name="masks", make=make, config=segmenter_config(settings), batch_size=256)


def _image_by_image(work: ImageFn) -> StageFn:
    """Work on the rows of each image together: it is opened once, and a model encodes it once.

    Where a batch ends within an image, the next one opens it again.
    """

    def on_all(rows: list[Row]) -> list[Outcome]:
        by_image: dict[str, list[int]] = {}
        for at, row in enumerate(rows):
            by_image.setdefault(row["image"], []).append(at)
        outcomes: dict[int, Outcome] = {}
        for places in by_image.values():
            outcomes |= dict(zip(places, work([rows[at] for at in places]), strict=True))
        return [outcomes[at] for at in range(len(rows))]

    return on_all


def _annotated(row: Row, annotations: Any) -> Outcome:
    from occlusion import OcclusionError

    try:
        found = annotations.find(row["image"], row["head"])
    except OcclusionError as error:
        return Dropped(error.reason, str(error))
    if found.size_wh != (row["width"], row["height"]):
        sizes = f"{found.size_wh} in the annotations, {row['width']} x {row['height']} in the file"
        return Dropped("other_size", sizes)
    if found.refused:  # a thing that stays half visible is no riddle
        reasons = ", ".join(sorted({one.reason for one in found.refused}))
        return Dropped("partly_annotated", f"{len(found.refused)} of its annotations cannot be used: {reasons}")
    boxes = {"boxes": [list(box) for box in found.boxes_xyxy_px], "scores": None, "masks": list(found.masks_rle)}
    return [row | boxes]


def _detected(rows: list[Row], detector: "Detector", settings: CvcSettings) -> list[Outcome]:
    from occlusion import OcclusionError

    refusal = getattr(detector, "refusal", lambda _: None)
    refused = {row["head"]: refusal(row["head"]) for row in rows}
    phrases = _distinct([row["head"] for row in rows if refused[row["head"]] is None])
    try:
        found = _look(detector, _open(rows[0], settings), list(phrases.values())) if phrases else {}
    except OcclusionError as error:
        return [Failed(error.reason, str(error)) for _ in rows]
    return [
        _found_outcome(row, refused[row["head"]], found.get(phrases.get(_plain(row["head"]), ""), [])) for row in rows
    ]


def _found_outcome(row: Row, refused: Any, found: list[tuple[Any, Any]]) -> Outcome:
    if refused is not None:
        return Dropped(refused.reason, str(refused))
    if not found:
        return Dropped("not_found", f"no box for {row['head']!r}")
    boxes, scores = [list(one.box_xyxy_px) for one, _ in found], [one.score for one, _ in found]
    return [row | {"boxes": boxes, "scores": scores, "masks": [mask for _, mask in found]}]


def _look(detector: Any, image: Any, phrases: list[str]) -> dict[str, list[tuple[Any, Any]]]:
    """Detections of each phrase with their masks (None where the detector makes none), overlapping ones left out."""
    from occlusion import FoundMask, suppress

    if hasattr(detector, "segment"):
        masks = {one.detection: one.mask for one in detector.segment(image, phrases)}
    else:
        masks = dict.fromkeys(detector(image, phrases))
    found: dict[str, list[tuple[Any, Any]]] = {}
    for one in suppress(list(masks), per_phrase=True):
        mask = masks[one]
        found.setdefault(one.phrase, []).append((one, mask.rle if isinstance(mask, FoundMask) else None))
    return found


def _distinct(heads: Sequence[str]) -> dict[str, str]:
    """Heads by the form that detectors compare, the first of each."""
    return {_plain(head): head for head in reversed(heads)}


def _plain(head: str) -> str:
    from occlusion import normalized_phrases

    return normalized_phrases([head])[0]


def _only_given(row: Row) -> Outcome:
    missing = sum(mask is None for mask in row["masks"])
    return Dropped("no_mask", f"{missing} of {len(row['masks'])} boxes have no mask") if missing else [row]


def _masked(rows: list[Row], segmenter: Any, settings: CvcSettings) -> list[Outcome]:
    from occlusion import FoundMask, OcclusionError

    keeps_given = settings.segmenter in GIVEN_MASKS
    missing = [
        (at, k) for at, row in enumerate(rows) for k, mask in enumerate(row["masks"]) if mask is None or not keeps_given
    ]
    if not missing:
        return [[row] for row in rows]
    try:
        found = segmenter(_open(rows[0], settings), [rows[at]["boxes"][k] for at, k in missing])
    except OcclusionError as error:
        return [Failed(error.reason, str(error)) for _ in rows]
    masks = [list(row["masks"]) for row in rows]
    faults: dict[int, Outcome] = {}
    for (at, k), mask in zip(missing, found, strict=True):
        if isinstance(mask, FoundMask):
            masks[at][k] = mask.rle
        else:  # here too
            kind = Failed if mask.reason in ("out_of_memory", "not_a_number") else Dropped
            faults.setdefault(at, kind(mask.reason, mask.detail))
    return [faults.get(at, [row | {"masks": masks[at]}]) for at, row in enumerate(rows)]


def _open(row: Row, settings: CvcSettings) -> Any:
    from box_space import open_image

    return open_image(row["image"], root=settings.images, max_pixels=settings.max_pixels)
