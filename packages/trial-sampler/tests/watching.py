"""Notes of what a model and its processor are run on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def tokens_run(model: Any) -> Generator[list[tuple[int, int]]]:
    """Notes rows and tokens of each pass of the text model."""
    seen: list[tuple[int, int]] = []

    def note(_module: Any, _inputs: Any, kwargs: Any) -> None:
        seen.append(tuple(kwargs["inputs_embeds"].shape[:2]))

    hook = model.get_decoder().register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@contextmanager
def images_run(llava: Any) -> Generator[list[int]]:
    """Notes how many images the vision tower saw each time."""
    seen: list[int] = []
    hook = llava.model.vision_tower.register_forward_hook(lambda _m, _i, output: seen.append(len(output[0])))
    try:
        yield seen
    finally:
        hook.remove()


@contextmanager
def logits_made(model: Any) -> Generator[list[int]]:
    """Notes for how many tokens of a sequence each pass computed logits."""
    seen: list[int] = []
    hook = model.lm_head.register_forward_hook(lambda _m, _i, output: seen.append(output.shape[1]))
    try:
        yield seen
    finally:
        hook.remove()


@contextmanager
def images_processed(processor: Any) -> Generator[list[int]]:
    """Notes how many images the image processor saw each time."""
    seen: list[int] = []
    kind = type(processor.image_processor)
    before = kind.__call__

    def noting(self: Any, images: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(sum(len(row) if isinstance(row, list) else 1 for row in images))
        return before(self, images, *args, **kwargs)

    kind.__call__ = noting
    try:
        yield seen
    finally:
        kind.__call__ = before
