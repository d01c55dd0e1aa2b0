"""Serve many requests by one engine: images are opened and processed while it decodes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trial_sampler.conversations import Refused, one_line
from trial_sampler.errors import ModelError, SampleFailure
from trial_sampler.grouping import order_by_image
from trial_sampler.request import ImageLike, Messages
from trial_sampler.vllm.library import Engine, Library
from trial_sampler.vllm.outputs import Interrupted, check_finished
from trial_sampler.vllm.prompts import Prompts
from trial_sampler.vllm.window import Window, first_error_alone

_ATTEMPTS = 3
_numbers = itertools.count()


@dataclass(frozen=True)
class Job:
    """One conversation and what the engine shall make of it."""

    messages: Messages
    """Chat turns."""
    images: Sequence[ImageLike]
    """One for each image part."""
    new_tokens: int
    """Tokens that must fit behind the prompt."""
    parameters: Sequence[Mapping[str, Any]]
    """Arguments of `SamplingParams`, one mapping for each engine request."""

    @property
    def trials(self) -> int:
        """Completions that the engine decodes for it."""
        return sum(one.get("n", 1) for one in self.parameters)


Outcome = list[Any] | SampleFailure
"""The finished `RequestOutput` of each engine request of a job, in order; or why there are none."""


class Serving:
    """One call of a sampler."""

    def __init__(self, engine: Engine, library: Library, prompts: Prompts, window: Window, lora: Any) -> None:
        """Take the engine and, if it shall answer with an adapter, that adapter's `LoRARequest`."""
        self._engine, self._library, self._prompts = engine, library, prompts
        self._window, self._lora = window, lora

    async def serve(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Return the outcome of each job, in order; jobs of one image enter the engine one after another.

        Raises:
            ModelError: the engine is dead; everything under way is cancelled.
        """
        outcomes: dict[int, Outcome] = {}

        async def one(index: int) -> None:
            try:
                outcomes[index] = await self._outputs(jobs[index])
            except Refused as refused:
                outcomes[index] = refused.failure
            finally:
                self._window.leave(jobs[index].trials)

        async with first_error_alone() as group:
            for index in order_by_image([job.images for job in jobs]):
                await self._window.enter(jobs[index].trials)
                group.create_task(one(index))
        return [outcomes[index] for index in range(len(jobs))]

    async def _outputs(self, job: Job) -> list[Any]:
        for _ in range(_ATTEMPTS):
            try:
                return await self._attempt(job)
            except Interrupted:
                continue
        raise Refused("model", f"the engine gave the request up {_ATTEMPTS} times (finish_reason 'error')")

    async def _attempt(self, job: Job) -> list[Any]:
        tasks: list[asyncio.Task[Any]] = []
        async with first_error_alone() as group:
            async with self._prompts.prompt(job.messages, job.images) as prompt:
                rendered = await self._prompts.rendered(prompt, job.new_tokens)
                # Sent at once, since it carries the pixels: every later prompt with this image refers to them alone.
                tasks.append(group.create_task(self._generate(rendered, job.parameters[0])))
                if len(job.parameters) > 1:
                    rendered = await self._prompts.rendered(prompt, job.new_tokens)
            tasks += [group.create_task(self._generate(rendered, one)) for one in job.parameters[1:]]
        return [task.result() for task in tasks]

    async def _generate(self, rendered: Any, parameters: Mapping[str, Any]) -> Any:
        name = f"trial-sampler-{next(_numbers)}"
        try:
            params = self._library.sampling_params(**parameters)
            stream = self._engine.generate(rendered, params, name, lora_request=self._lora)
            outputs = [output async for output in stream]
        except Exception as error:
            if self._engine.errored or isinstance(error, self._library.dead_engine):
                raise ModelError(f"the engine is dead: {one_line(error)}") from error
            # vllm/v1/engine/async_llm.py wraps what it did not expect in an EngineGenerateError without a text.
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            raise Refused("model", f"{type(cause).__name__}: {one_line(cause)}") from error
        if not outputs:
            raise Refused("model", "the engine ended the request without an output")
        check_finished(outputs[-1])
        return outputs[-1]
