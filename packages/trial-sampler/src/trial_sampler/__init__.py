"""n seeded samples for each image question."""

from trial_sampler.adaptive import AdaptiveResult, sample_adaptively
from trial_sampler.choices import YES_NO, ChoiceRequest, ChoiceResult
from trial_sampler.errors import InvalidRequest, MissingExtra, ModelError, SampleFailure, SamplerError
from trial_sampler.keeping import keep_prompts
from trial_sampler.model_slot import ModelSlot
from trial_sampler.random_streams import trial_seed
from trial_sampler.replaying import Replay, replay, simulate_verdicts
from trial_sampler.request import FinishReason, ImageLike, Messages, Request, SampleResult, Trial, image_question
from trial_sampler.sampler import ChoiceScorer, LoadedSampler, Sampler, load_sampler
from trial_sampler.settling import Rule, Tally, clear_of, either, more_than, none_right_of, one_accepted, within
from trial_sampler.wilson import Interval, wilson_interval

__all__ = [
    "YES_NO",
    "AdaptiveResult",
    "ChoiceRequest",
    "ChoiceResult",
    "ChoiceScorer",
    "FinishReason",
    "ImageLike",
    "Interval",
    "InvalidRequest",
    "LoadedSampler",
    "Messages",
    "MissingExtra",
    "ModelError",
    "ModelSlot",
    "Replay",
    "Request",
    "Rule",
    "SampleFailure",
    "SampleResult",
    "Sampler",
    "SamplerError",
    "Tally",
    "Trial",
    "clear_of",
    "either",
    "image_question",
    "keep_prompts",
    "load_sampler",
    "more_than",
    "none_right_of",
    "one_accepted",
    "replay",
    "sample_adaptively",
    "simulate_verdicts",
    "trial_seed",
    "wilson_interval",
    "within",
]
