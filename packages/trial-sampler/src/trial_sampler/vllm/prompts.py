"""Conversations as prompts of the engine: the checkpoint's template as text, images with stable ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from typing import Any

from PIL import Image

from trial_sampler.conversations import Refused, one_line, open_images
from trial_sampler.request import ImageLike, Messages
from trial_sampler.templates import chat_text, image_tokens, lacks_special_tokens
from trial_sampler.vllm.library import Engine
from trial_sampler.vllm.media import OpenedImage, OpenImages
from trial_sampler.vllm.settings import VllmSettings

# Stands for images whose number is checked before they are opened.
_STAND_IN = Image.new("RGB", (1, 1))


class Prompts:
    """Makes the prompts of one call."""

    def __init__(self, engine: Engine, processor: Any, settings: VllmSettings, threads: Executor) -> None:
        """Take the engine, the checkpoint's processor and the threads that open images."""
        self._engine, self._processor, self._settings = engine, processor, settings
        self._images = OpenImages(threads)
        self._reading = asyncio.Semaphore(2 * settings.image_workers)

    @asynccontextmanager
    async def prompt(self, messages: Messages, images: Sequence[ImageLike]) -> AsyncGenerator[Mapping[str, Any], None]:
        """Hold a `vllm.inputs.TextPrompt` with opened images; only so many are held at a time.

        Raises:
            Refused: the template fails, images and image parts differ, or an image cannot be read.
        """
        async with self._reading:
            self._check_parts(messages, images)
            text = chat_text(self._processor, messages)
            async with self._images.opened(images) as opened:
                yield text_prompt(text, opened)

    async def rendered(self, prompt: Mapping[str, Any], new_tokens: int) -> Any:
        """Return what the engine takes: token ids and processed images, or their ids alone if it has them already.

        Raises:
            Refused: the checkpoint's processor fails, or prompt and new tokens do not fit.
        """
        renderer = self._engine.renderer
        adds = lacks_special_tokens(self._processor, prompt["prompt"])
        try:
            tok_params = renderer.default_cmpl_tok_params.with_kwargs(add_special_tokens=adds)
            (rendered,) = await renderer.render_cmpl_async([prompt], tok_params)
        except Exception as error:  # of the tokenizer, or of the checkpoint's processor
            # vllm/renderers/params.py: what its VLLMValidationError names where a text exceeds the context by itself.
            is_too_long = getattr(error, "parameter", None) in ("input_tokens", "input_text")
            raise Refused("too_long" if is_too_long else "processor", one_line(error)) from error
        length, longest = len(rendered["prompt_token_ids"]), self._engine.model_config.max_model_len
        if length + new_tokens > longest:  # vLLM itself would shorten the answer
            detail = f"prompt and new tokens must fit in {longest} positions; got {length} + {new_tokens}"
            raise Refused("too_long", detail)
        return rendered

    def _check_parts(self, messages: Messages, images: Sequence[ImageLike]) -> None:
        open_images(messages, [_STAND_IN] * len(images), forbidden=image_tokens(self._processor))
        most = self._settings.most_images
        if len(images) > most:
            raise Refused("image_count", f"a prompt may hold {most} images (most_images); got {len(images)}")


def text_prompt(text: str, images: Sequence[OpenedImage]) -> dict[str, Any]:
    """Return a `vllm.inputs.TextPrompt`.

    >>> text_prompt("Hello", [])
    {'prompt': 'Hello'}
    """
    if not images:
        return {"prompt": text}
    return {
        "prompt": text,
        "multi_modal_data": {"image": [image.pixels for image in images]},
        "multi_modal_uuids": {"image": [image.id for image in images]},
    }
