"""The contract that every backend keeps, and the one function that opens a backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Protocol

from trial_sampler.choices import ChoiceRequest, ChoiceResult
from trial_sampler.errors import MissingExtra, SamplerError
from trial_sampler.request import Request, SampleResult

if TYPE_CHECKING:
    from trial_sampler.server import ServerSettings
    from trial_sampler.vllm import VllmSettings


class Sampler(Protocol):
    """Draws the trials of requests."""

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request."""
        ...


class ChoiceScorer(Protocol):
    """Tells how likely each of a few answers is to begin the reply."""

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Return one result for each request, in order."""
        ...


class LoadedSampler(Sampler, ChoiceScorer, Protocol):
    """What `load_sampler` returns, whatever the backend."""

    def with_adapter(self, name: str | None) -> LoadedSampler:
        """Return a sampler of the same weights in memory that answers with an adapter, or None: with the base model.

        Raises:
            SamplerError: no adapter of that name was loaded.
        """
        ...


def load_sampler(
    model: str | PathLike[str],
    *,
    backend: str = "hf",
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 8,
    adapter: str | PathLike[str] | None = None,
    adapters: Mapping[str, str | PathLike[str]] | None = None,
    base_url: str | None = None,
    settings: ServerSettings | VllmSettings | None = None,
) -> LoadedSampler:
    """Open a model for sampling.

    `device`, `dtype` and `batch_size` say how this process computes; a backend that decides one of them itself leaves
    it unread, so that one set of settings opens any backend. What is meant for one backend alone is refused by others.

    Args:
        model: folder or hub id of any checkpoint that `AutoModelForImageTextToText` or vLLM loads; of a server, the
            name under which it serves the model.
        backend: `hf` (transformers, in this process), `vllm` (vLLM, in this process) or `server` (any OpenAI-compatible
            server).
        device: torch device; by default, or `auto`, `cuda` where there is one, else `cpu` (read by `hf`).
        dtype: torch dtype by name; by default, or `auto`, `float32` on a CPU, else the checkpoint's own (read by `hf`
            and `vllm`).
        batch_size: prompts that decode side by side, each with all its trials (read by `hf`).
        adapter: folder or hub id of a LoRA adapter, merged into the weights in memory (`hf` alone, needs `peft`).
        adapters: LoRA adapters by name, to be used side by side with the base model through `with_adapter`; of a
            server, the names under which it serves them.
        base_url: the server's address, as `http://127.0.0.1:8000/v1` (`server` alone). Its key is read from the
            environment, `OPENAI_API_KEY`.
        settings: `trial_sampler.server.ServerSettings` or `trial_sampler.vllm.VllmSettings`, as the backend is.

    Raises:
        MissingExtra: the backend's dependencies are not installed.
        ModelError: the model, its processor or an adapter cannot be loaded, or the server cannot be reached.
        SamplerError: unknown backend, or an argument that is not for this one.
    """
    device, dtype = (None if choice == "auto" else choice for choice in (device, dtype))
    named = {name: fspath(path) for name, path in (adapters or {}).items()}
    if backend == "hf":
        _refuse(backend, base_url=base_url, settings=settings)
        return _load_hf(fspath(model), device, dtype, batch_size, None if adapter is None else fspath(adapter), named)
    _refuse(backend, adapter=adapter)
    if backend == "vllm":
        _refuse(backend, base_url=base_url)
        return _load_vllm(fspath(model), dtype, named, settings)
    if backend == "server":
        return _load_server(fspath(model), base_url, named, settings)
    raise SamplerError(f"backend must be 'hf', 'vllm' or 'server'; got {backend!r}")


def _load_hf(
    model: str, device: str | None, dtype: str | None, batch_size: int, adapter: str | None, adapters: Mapping[str, str]
) -> LoadedSampler:
    try:
        from trial_sampler.hf.loading import load_hf_sampler
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"backend 'hf' needs {missing.name}: pip install 'trial-sampler[hf]'") from missing
    return load_hf_sampler(model, device=device, dtype=dtype, batch_size=batch_size, adapter=adapter, adapters=adapters)


def _load_vllm(model: str, dtype: str | None, adapters: Mapping[str, str], settings: object) -> LoadedSampler:
    try:
        from trial_sampler.vllm import VllmSampler, VllmSettings
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"backend 'vllm' needs {missing.name}: pip install 'trial-sampler[vllm]'") from missing
    chosen = VllmSettings() if settings is None else settings
    if not isinstance(chosen, VllmSettings):
        raise SamplerError(f"backend 'vllm' takes VllmSettings; got {type(chosen).__name__}")
    return VllmSampler(model, dtype=dtype, adapters=adapters, settings=chosen)


def _load_server(model: str, base_url: str | None, adapters: Mapping[str, str], settings: object) -> LoadedSampler:
    if base_url is None:
        raise SamplerError("backend 'server' needs base_url, such as http://127.0.0.1:8000/v1")
    try:
        from trial_sampler.server import ServerSampler, ServerSettings
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"backend 'server' needs {missing.name}: pip install 'trial-sampler[server]'") from missing
    chosen = ServerSettings() if settings is None else settings
    if not isinstance(chosen, ServerSettings):
        raise SamplerError(f"backend 'server' takes ServerSettings; got {type(chosen).__name__}")
    return ServerSampler(base_url, model, adapters=adapters, settings=chosen)


def _refuse(backend: str, **given: object) -> None:
    """Refuse arguments that a backend does not take.

    Raises:
        SamplerError: one of them is not None.
    """
    for name, value in given.items():
        if value is not None:
            raise SamplerError(f"backend {backend!r} takes no {name}; got {value!r}")
