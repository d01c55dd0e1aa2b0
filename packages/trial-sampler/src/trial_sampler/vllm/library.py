"""The part of vLLM that this backend uses; the only place that imports it."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trial_sampler.errors import MissingExtra


class Renderer(Protocol):
    """`vllm.renderers.BaseRenderer`: prompts to token ids and processed images, in threads of its own."""

    @property
    def default_cmpl_tok_params(self) -> Any:
        """How prompts are tokenized, with a method `with_kwargs` that changes it."""
        ...

    async def render_cmpl_async(self, prompts: Sequence[Any], tok_params: Any = None) -> Sequence[Any]:
        """Return one engine input for each prompt, a mapping with `prompt_token_ids`."""
        ...


class Engine(Protocol):
    """`vllm.v1.engine.async_llm.AsyncLLM`."""

    renderer: Any
    """A `Renderer`."""
    model_config: Any
    """Holds `max_model_len`, in tokens."""

    @property
    def errored(self) -> bool:
        """Whether the engine is dead."""
        ...

    def generate(
        self, prompt: Any, sampling_params: Any, request_id: str, *, lora_request: Any = None
    ) -> AsyncGenerator[Any, None]:
        """Yield the `RequestOutput`s of one prompt; its end is awaited, and closing it early aborts the request."""
        ...

    async def add_lora(self, lora_request: Any) -> bool:
        """Load an adapter."""
        ...

    def shutdown(self, timeout: float | None = None) -> None:
        """End the engine's processes."""
        ...


@dataclass(frozen=True)
class Library:
    """What is made of vLLM's classes."""

    open_engine: Callable[[Mapping[str, Any]], Engine]
    """An engine from the arguments of `AsyncEngineArgs`; called in a running event loop."""
    open_processor: Callable[[str], Any]
    """A checkpoint's processor, which holds its chat template and its tokenizer."""
    sampling_params: Callable[..., Any]
    """`vllm.SamplingParams`, for one output at the end instead of a stream."""
    lora_request: Callable[[str, int, str], Any]
    """`vllm.lora.request.LoRARequest`, from name, number and path."""
    dead_engine: type[Exception]
    """What the engine raises once it is dead."""


def import_library() -> Library:
    """Import vLLM, which takes seconds.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        importlib.import_module("vllm")
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"backend 'vllm' needs {missing.name}: pip install 'trial-sampler[vllm]'") from missing
    sampling: Any = importlib.import_module("vllm.sampling_params")
    transformers: Any = importlib.import_module("transformers")
    return Library(
        open_engine=_open_engine,
        open_processor=transformers.AutoProcessor.from_pretrained,
        sampling_params=lambda **given: sampling.SamplingParams(
            **given, output_kind=sampling.RequestOutputKind.FINAL_ONLY
        ),
        lora_request=_attribute("vllm.lora.request", "LoRARequest"),
        dead_engine=_attribute("vllm.v1.engine.exceptions", "EngineDeadError"),
    )


def _open_engine(arguments: Mapping[str, Any]) -> Engine:
    engine_args = _attribute("vllm.engine.arg_utils", "AsyncEngineArgs")(**arguments)
    return _attribute("vllm.v1.engine.async_llm", "AsyncLLM").from_engine_args(engine_args)


def _attribute(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
