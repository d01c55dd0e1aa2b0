"""From captions to names, and from names to boxes: steps `concepts` and `ground`."""

from pathlib import Path
from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn, file_digest

from world2code.errors import InputError, SettingsError
from world2code.lexicons import noun_config, noun_phrases
from world2code.published import BOXES, boxes_of, refused_column
from world2code.settings import WORLD, W2cSettings
from world2code.sources import open_row_image


def concepts_stage(settings: W2cSettings) -> Stage:
    """Find the names that an image's captions hold; rows gain `concepts` and `left_out`, with reasons."""

    def make() -> StageFn:
        from code_caption import find_concepts

        extract = noun_phrases(settings)

        def concepts(rows: list[Row]) -> list[Outcome]:
            outcomes: list[Outcome] = []
            for row in rows:
                found = find_concepts([one["text"] for one in row["captions"]], extract, most=settings.most_concepts)
                left_out = [[one.name, one.reason] for one in found.dropped]
                named = row | {"concepts": list(found.names), "left_out": left_out}
                is_kept = found.names or settings.reuse  # names are not looked for where boxes are there
                outcomes.append([named] if is_kept else Dropped("no_concepts", "no caption names a thing."))
            return outcomes

        return concepts

    config = settings.picked("most_concepts", "reuse") | noun_config(settings)
    return Stage(name="concepts", make=make, config=config, batch_size=64)


def ground_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Find a box for every name, and drop the worse of two that overlap; rows gain `sightings`."""
    config = settings.picked("box_threshold", "suppress_iou", "suppress_across")
    config |= {"detector": "reused" if settings.reuse else detector_identity(settings)}
    return Stage(name="ground", make=lambda: _Ground(settings, run_dir), config=config, batch_size=8)


class _Ground:
    """Names to sightings; names without a box vanish, an image without any is dropped."""

    def __init__(self, settings: W2cSettings, run_dir: Path) -> None:
        self._settings, self._run_dir = settings, run_dir
        self._detector_of = _reused if settings.reuse else load_detector(settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        return [self._one(row) for row in rows]

    def _one(self, row: Row) -> Outcome:
        from box_space import ImageError
        from occlusion import OcclusionError, suppress

        detect = self._detector_of(row)
        refused = refusals(detect, row["concepts"])
        try:
            image = open_row_image(row, self._settings, self._run_dir)
            found = detect(image, [name for name in row["concepts"] if name not in refused])
        except (ImageError, OcclusionError) as error:
            return Failed(error.reason, str(error))
        sure = [one for one in found if one.score > self._settings.box_threshold]
        kept = suppress(sure, iou=self._settings.suppress_iou, per_phrase=not self._settings.suppress_across)
        if not kept:
            return Dropped("no_box", f"the detector finds none of {', '.join(row['concepts'])}.")
        sightings = [
            {"key": key, "name": one.phrase, "box_xyxy_px": list(one.box_xyxy_px), "score": one.score}
            for key, one in enumerate(kept)
        ]
        left_out = [*row["left_out"], *map(list, refused.items())]
        return [row | {"sightings": sightings, "left_out": left_out}]


def refusals(detect: Any, names: list[str]) -> dict[str, str]:
    """Names that a detector cannot look for, each with the reason; the others are looked for."""
    refusal = getattr(detect, "refusal", None)
    if refusal is None:
        return {}
    found = {name: refusal(name) for name in names}
    return {name: error.reason for name, error in found.items() if error is not None}


def _reused(row: Row) -> Any:
    """The boxes that a row has, whatever is looked for, clipped to the image."""
    from box_space import Box, BoxError, OriginalPixels
    from occlusion import Detection, OcclusionError

    def detect(image: Any, phrases: list[str]) -> list[Any]:
        refused = refused_column(row, BOXES)
        if refused:
            raise OcclusionError("pickled", refused)
        pixels = OriginalPixels(*image.size)
        try:
            found = [(name, Box(*box, space=pixels).clipped(), score) for name, box, score in boxes_of(row) if name]
        except (ValueError, TypeError, BoxError) as error:
            raise OcclusionError("bad_boxes", str(error)) from error
        return [Detection(name, box.xyxy, score) for name, box, score in found]

    return detect


def load_detector(settings: W2cSettings) -> Any:
    """A callable from an image's row to the detector of it.

    Raises:
        SettingsError: there is no such detector, or something is missing that it needs.
    """
    name = needed_detector(settings)
    if name == WORLD:
        from scene_world import TemplateDetector

        drawn = TemplateDetector()
        return lambda row: drawn
    from occlusion import AnnotatedDetector, OcclusionError, load_annotations, load_detector

    try:
        if _is_annotations(name):
            annotated = AnnotatedDetector(load_annotations(name))
            return lambda row: annotated.for_image(row["image"])
        opened = load_detector(name, min_score=settings.box_threshold, device=_device(settings))
    except OcclusionError as error:
        raise SettingsError(f"--detector {name}: {error}") from error
    return lambda row: opened


def _is_annotations(name: str) -> bool:
    """Whether a detector is a file of boxes that people made."""
    return Path(name).suffix.lower() in (".json", ".parquet")


def _device(settings: W2cSettings) -> str | None:
    """A GPU that is there and may be used; None: where the weights are loaded."""
    import torch

    return "cuda" if settings.device == "auto" and torch.cuda.is_available() else None


def needed_detector(settings: W2cSettings) -> str:
    """The detector's name."""
    return settings.needed("detector", "an open-vocabulary detector, COCO instances or Parquet, or `world`")


def detector_identity(settings: W2cSettings) -> str:
    """What identifies the detector: its weights or its file."""
    from llava_train import model_digest

    name = needed_detector(settings)
    if name == WORLD:
        return WORLD
    return str(file_digest(Path(name), error=InputError)) if _is_annotations(name) else model_digest(name)
