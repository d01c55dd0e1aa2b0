"""The transformers backend; importing it loads torch."""

from trial_sampler.hf.loading import load_hf_sampler
from trial_sampler.hf.reuse import Reuse
from trial_sampler.hf.sampling import HfSampler

__all__ = ["HfSampler", "Reuse", "load_hf_sampler"]
