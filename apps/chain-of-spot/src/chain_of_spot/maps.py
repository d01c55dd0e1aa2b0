"""Where in the image each answer is looked up: the step `maps`."""

from typing import TYPE_CHECKING, Any

from shard_runner import Failed, Outcome, Row, Stage

from chain_of_spot.questions import open_row_image, question_fault
from chain_of_spot.settings import CosSettings

if TYPE_CHECKING:
    from roi_attention.zoom import Frame


def map_stage(settings: CosSettings) -> Stage:
    """Open the image and explain the answer; adds `map` (`roi_attention.map_to_row`)."""
    from llava_train import model_digest

    model = settings.needed("model", "the model that explains and learns")
    config = settings.picked("method", "score", "explain", "neutral", "frame", "dtype")
    config |= {"model": model_digest(model), "images": str(settings.image_root)}
    return Stage(name="maps", make=lambda: _Mapper(model, settings), config=config, batch_size=settings.map_batch)


class _Mapper:
    """The model, loaded once."""

    def __init__(self, model: str, settings: CosSettings) -> None:
        self._settings = settings
        self._model, self._processor = load_frozen(model, settings)
        self._frame: Frame = settings.zoom(self._processor).frame

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError

        images: dict[int, Any] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                image = None if row["skipped"] else open_row_image(row, settings=self._settings)
            except ImageError as error:
                outcomes[number] = Failed(error.reason, str(error))
                continue
            fault = question_fault(row, None if image is None else image.size)
            if fault is not None:
                outcomes[number] = fault
            else:
                images[number] = image
        for number, made in zip(images, self._explain([rows[n] for n in images], list(images.values())), strict=True):
            outcomes[number] = [rows[number] | made]
        return [outcomes[number] for number in range(len(rows))]

    def _explain(self, rows: list[Row], images: list[Any]) -> list[dict[str, Any]]:
        from roi_attention import map_to_row
        from roi_attention.relevance import ImageQuestion, explain

        chosen = self._settings
        answers = [row["answer"] if chosen.explain == "answer" else None for row in rows]
        asked = [
            ImageQuestion(image, row["question"], answer)
            for image, row, answer in zip(images, rows, answers, strict=True)
        ]
        found = explain(
            self._model,
            self._processor,
            asked,
            method=chosen.method,
            score=chosen.score,
            neutral=chosen.neutral,
            frame=self._frame,
        )
        return [{"map": dict(map_to_row(one.whole))} for one in found]


def load_frozen(model: str, settings: CosSettings) -> tuple[Any, Any]:
    """A model in eval mode whose weights need no gradient, and its processor."""
    import torch
    from llava_train import compute_dtype, load_model, load_processor
    from transformers.utils import logging

    logging.disable_progress_bar()
    loaded = load_model(model, compute_dtype(settings))
    device = "cuda" if settings.device == "auto" and torch.cuda.is_available() else "cpu"
    return loaded.to(device).eval().requires_grad_(False), load_processor(model)
