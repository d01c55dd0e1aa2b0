"""The vLLM backend: an asynchronous engine in this process; importing it does not load vLLM, opening a sampler does."""

from trial_sampler.vllm.sampling import VllmSampler
from trial_sampler.vllm.settings import VllmSettings

__all__ = ["VllmSampler", "VllmSettings"]
