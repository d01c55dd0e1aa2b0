"""How vLLM is opened and fed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trial_sampler.errors import SamplerError


@dataclass(frozen=True, kw_only=True)
class VllmSettings:
    """How vLLM is opened and fed.

    >>> VllmSettings(max_model_len=4096, engine_arguments={"enforce_eager": True}).trials
    'seeded'

    Raises:
        SamplerError: a value is out of range, or `engine_arguments` sets what has a field of its own.
    """

    gpu_memory_utilization: float = 0.9
    """Share of each GPU's memory that the engine may take, in (0, 1]."""
    tensor_parallel_size: int = 1
    """GPUs that each layer is split over."""
    max_model_len: int | None = None
    """Tokens of a prompt and its answer together; None: as many as the checkpoint allows, whose cache may not fit."""
    most_images: int = 8
    """Images of one prompt at most; a request with more fails alone."""
    mm_processor_cache_gb: float = 4.0
    """GiB of processed images that are kept for further prompts about them, twice: here and in the engine."""
    trials: Literal["seeded", "n"] = "seeded"
    """`seeded`: one engine request for each trial, with the trial's own seed: trial 3 of 4 is trial 3 of 16. The image
    is processed once, and what whole blocks of the prompt's cache hold is computed once. `n`: one engine request for
    all trials, which vLLM splits into n all the same, with the seeds s, s + 1, ... from the first trial's on; a trial
    then depends on `first_trial`."""
    most_trials_in_flight: int = 512
    """Trials that the engine holds at most, waiting or running, in each call of `sample`. Above the engine's
    `max_num_seqs`, so that it never waits for us; bounded, so that memory does not grow with the requests."""
    image_workers: int = 4
    """Threads that open images while the engine decodes. At most twice as many requests hold opened images."""
    max_loras: int | None = None
    """Adapters that one step of the engine may mix; each takes GPU memory. None: all that were given."""
    max_lora_rank: int | None = None
    """Largest rank of an adapter. None: read from the adapters' folders, and 16 at least."""
    engine_arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further arguments of `vllm.AsyncEngineArgs`, such as `{"max_num_seqs": 256, "kv_cache_dtype": "fp8"}`."""

    def __post_init__(self) -> None:
        share = self.gpu_memory_utilization
        _check(0 < share <= 1, "gpu_memory_utilization must be in (0, 1]", share)
        for name in ("tensor_parallel_size", "most_images", "most_trials_in_flight", "image_workers"):
            _check(getattr(self, name) >= 1, f"{name} must be at least 1", getattr(self, name))
        for name in ("max_model_len", "max_loras", "max_lora_rank"):
            value = getattr(self, name)
            _check(value is None or value >= 1, f"{name} must be at least 1 or None", value)
        _check(self.mm_processor_cache_gb >= 0, "mm_processor_cache_gb must be at least 0", self.mm_processor_cache_gb)
        _check(self.trials in ("seeded", "n"), "trials must be 'seeded' or 'n'", self.trials)
        clash = sorted(_DECIDED & self.engine_arguments.keys())
        _check(not clash, "engine_arguments must not set what fields and arguments decide", clash)


_DECIDED = {"model", "dtype", "logprobs_mode", "gpu_memory_utilization", "tensor_parallel_size", "max_model_len"} | {
    "limit_mm_per_prompt", "mm_processor_cache_gb", "enable_lora", "max_loras", "max_lora_rank"
}  # fmt: skip


def _check(holds: bool, rule: str, got: object) -> None:
    if not holds:
        raise SamplerError(f"{rule}; got {got!r}")
