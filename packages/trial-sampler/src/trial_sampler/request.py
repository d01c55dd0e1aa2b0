"""What goes into a sampler and what comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Literal

from PIL import Image

from trial_sampler.errors import InvalidRequest, SampleFailure

Messages = Sequence[Mapping[str, Any]]
ImageLike = str | PathLike[str] | Image.Image
FinishReason = Literal["stop", "length"]


def image_question(text: str) -> list[dict[str, Any]]:
    """Return the chat turns of a question about one image: the image, then the text.

    >>> image_question("What is it?")
    [{'role': 'user', 'content': [{'type': 'image'}, {'type': 'text', 'text': 'What is it?'}]}]
    """
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]


@dataclass(frozen=True, kw_only=True)
class Request:
    """Ask for `n` seeded trials of one conversation.

    >>> Request(id="scene-17", messages=image_question("What is it?"), images=["scene-17.png"], n=16).top_p
    1.0

    Raises:
        InvalidRequest: a value is out of range.
    """

    id: str
    """Unique and stable: the random numbers of the trials depend on it and on `seed`, on nothing else."""
    messages: Messages
    """Chat turns; `content` is text or a list of `{"type": "text", "text": ...}` and `{"type": "image"}` parts."""
    images: Sequence[ImageLike] = ()
    """Paths or PIL images, one for each image part, in order."""
    n: int = 1
    """Number of trials, at least 1."""
    temperature: float = 1.0
    """0 is greedy (all n trials are then equal)."""
    top_p: float = 1.0
    """Nucleus mass in (0, 1], applied after the temperature; no top-k is ever applied."""
    max_new_tokens: int = 384
    """A trial of this many tokens ends with `finish_reason` `length`."""
    stop: Sequence[str] = field(default=())
    """A trial ends where one of these appears; the stop string itself is cut off."""
    seed: int = 0
    """The run's seed."""
    first_trial: int = 0
    """Index of the first trial: `n=4, first_trial=8` draws trials 8 to 11, the same as in a draw of all at once."""
    allow_truncated: bool = True
    """False: a trial cut off at `max_new_tokens` fails the whole request, with reason `truncated`."""

    def __post_init__(self) -> None:
        _check(self.n >= 1, self, "n must be at least 1", self.n)
        _check(self.first_trial >= 0, self, "first_trial must be at least 0", self.first_trial)
        _check(
            math.isfinite(self.temperature) and self.temperature >= 0,
            self,
            "temperature must be at least 0",
            self.temperature,
        )
        _check(0 < self.top_p <= 1, self, "top_p must be in (0, 1]", self.top_p)
        _check(self.max_new_tokens >= 1, self, "max_new_tokens must be at least 1", self.max_new_tokens)
        _check(not isinstance(self.stop, str) and all(self.stop), self, "stop must list non-empty strings", self.stop)
        _check(len(self.messages) > 0, self, "messages must hold at least one turn", self.messages)


def _check(holds: bool, request: Request, rule: str, got: object) -> None:
    if not holds:
        raise InvalidRequest(f"request {request.id!r}: {rule}; got {got!r}")


@dataclass(frozen=True)
class Trial:
    """One sampled answer."""

    text: str
    """The answer without special tokens, stop string and surrounding white space."""
    finish_reason: FinishReason
    """`stop`: an end token or a stop string; `length`: cut off at `max_new_tokens`."""
    tokens: int | None
    """Number of new tokens, the end token included; None where a server does not say."""
    logprob: float | None
    """Sum over these tokens of the model's own log-probability in nats: temperature 1, before `top_p`; None where a
    server does not say."""
    seed: int
    """Seed of this trial's random numbers, from (request seed, request id, trial index); below 2**63."""

    @property
    def is_truncated(self) -> bool:
        """Whether `max_new_tokens` cut the answer off."""
        return self.finish_reason == "length"


@dataclass(frozen=True)
class SampleResult:
    """Exactly `n` trials of a request, or why there are none."""

    id: str
    """The request's id."""
    trials: tuple[Trial, ...] = ()
    """The request's n trials in order of trial index; empty if `error` is set."""
    error: SampleFailure | None = None
    """None if all went well."""

    @property
    def tokens(self) -> int:
        """New tokens of all trials, the prompt's not counted; those of which a server does not say count 0."""
        return sum(trial.tokens or 0 for trial in self.trials)


def result_of(request: Request, trials: Sequence[Trial]) -> SampleResult:
    """Return the request's trials if they are what it asked for, else why they are not; every backend ends here.

    >>> result_of(Request(id="a", messages=[{"role": "user", "content": "Hello"}], n=2), []).error.reason
    'wrong_count'
    """
    if len(trials) != request.n:
        return _failed(request, "wrong_count", f"expected {request.n} trials; got {len(trials)}")
    if any(trial.logprob is not None and not math.isfinite(trial.logprob) for trial in trials):
        return _failed(request, "not_finite", "the model's logits are not finite")
    truncated = sum(trial.is_truncated for trial in trials)
    if truncated and not request.allow_truncated:
        detail = f"{truncated} of {request.n} trials were cut off at {request.max_new_tokens} tokens"
        return _failed(request, "truncated", detail)
    return SampleResult(request.id, tuple(trials))


def _failed(request: Request, reason: str, detail: str) -> SampleResult:
    return SampleResult(request.id, error=SampleFailure(reason, detail))
