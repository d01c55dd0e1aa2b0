"""The contract that every backend keeps, and the one function that opens a backend."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Protocol

from trial_sampler.errors import MissingExtra, SamplerError
from trial_sampler.request import Request, SampleResult


class Sampler(Protocol):
    """Draws the trials of requests."""

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request."""
        ...


def load_sampler(
    model: str | PathLike[str],
    *,
    backend: str = "hf",
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 8,
    adapter: str | PathLike[str] | None = None,
) -> Sampler:
    """Open a model for sampling.

    Args:
        model: folder or hub id of any checkpoint that `AutoModelForImageTextToText` loads.
        backend: `hf` (transformers, in this process).
        device: torch device; by default `cuda` where there is one, else `cpu`.
        dtype: torch dtype by name; by default `float32` on a CPU, else the checkpoint's own.
        batch_size: requests that share one prefill; the batch then decodes the sum of their n sequences.
        adapter: folder or hub id of a LoRA adapter (needs `peft`), merged into the weights in memory.

    Raises:
        MissingExtra: the backend's dependencies are not installed.
        ModelError: the model, its processor or the adapter cannot be loaded.
        SamplerError: unknown backend, or a `batch_size` below 1.
    """
    if backend != "hf":
        raise SamplerError(f"backend must be 'hf'; got {backend!r}")
    try:
        from trial_sampler.hf.loading import load_hf_sampler
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"backend 'hf' needs {missing.name}: pip install 'trial-sampler[hf]'") from missing
    return load_hf_sampler(
        fspath(model),
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        adapter=None if adapter is None else fspath(adapter),
    )
