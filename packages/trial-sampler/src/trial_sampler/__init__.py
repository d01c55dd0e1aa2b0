"""n seeded samples for each image question."""

from trial_sampler.errors import InvalidRequest, MissingExtra, ModelError, SampleFailure, SamplerError
from trial_sampler.random_streams import trial_seed
from trial_sampler.request import FinishReason, ImageLike, Messages, Request, SampleResult, Trial
from trial_sampler.sampler import Sampler, load_sampler

__all__ = [
    "FinishReason",
    "ImageLike",
    "InvalidRequest",
    "Messages",
    "MissingExtra",
    "ModelError",
    "Request",
    "SampleFailure",
    "SampleResult",
    "Sampler",
    "SamplerError",
    "Trial",
    "load_sampler",
    "trial_seed",
]
