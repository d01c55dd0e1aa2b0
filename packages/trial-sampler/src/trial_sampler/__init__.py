"""n seeded samples for each image question."""

from trial_sampler.choices import YES_NO, ChoiceRequest, ChoiceResult
from trial_sampler.errors import InvalidRequest, MissingExtra, ModelError, SampleFailure, SamplerError
from trial_sampler.random_streams import trial_seed
from trial_sampler.request import FinishReason, ImageLike, Messages, Request, SampleResult, Trial
from trial_sampler.sampler import ChoiceScorer, LoadedSampler, Sampler, load_sampler

__all__ = [
    "YES_NO",
    "ChoiceRequest",
    "ChoiceResult",
    "ChoiceScorer",
    "FinishReason",
    "ImageLike",
    "InvalidRequest",
    "LoadedSampler",
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
