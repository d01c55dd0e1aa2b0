"""Where in the image each answer is looked up: the step `maps`."""

from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage

from chain_of_spot.settings import CosSettings


def map_stage(settings: CosSettings) -> Stage:
    """Open the image and explain the answer; adds `map` (`roi_attention.map_to_row`) and `mean_log_prob`."""
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
        self._frame = settings.zoom(self._processor).frame

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError

        images: dict[int, Any] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                if row["skipped"]:
                    outcomes[number] = Dropped(row["skipped"], row["detail"])
                else:
                    images[number] = open_row_image(row, settings=self._settings)
            except ImageError as error:
                outcomes[number] = Failed(error.reason, str(error))
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
        return [{"map": dict(map_to_row(one.whole)), "mean_log_prob": one.mean_log_prob} for one in found]


def open_row_image(row: Row, *, settings: CosSettings) -> Any:
    """The image of a row.

    Raises:
        box_space.ImageError: it is missing, leaves the image folder or cannot be read.
    """
    from box_space import open_image

    return open_image(row["image"], root=settings.image_root)


def load_frozen(model: str, settings: CosSettings) -> tuple[Any, Any]:
    """A model in eval mode whose weights need no gradient, and its processor."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.disable_progress_bar()
    on_gpu = settings.device == "auto" and torch.cuda.is_available()
    dtype = ("bfloat16" if on_gpu else "float32") if settings.dtype == "auto" else settings.dtype
    loaded: Any = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype)
    return loaded.to("cuda" if on_gpu else "cpu").eval().requires_grad_(False), AutoProcessor.from_pretrained(model)
