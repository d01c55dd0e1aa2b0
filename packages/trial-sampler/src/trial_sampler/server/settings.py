"""How a server is spoken to; the defaults ask for nothing that some server refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trial_sampler.errors import SamplerError

_OURS = frozenset(
    {"model", "messages", "n", "seed", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop"}
    | {"stream", "logprobs", "top_logprobs"}
)


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """How a server is spoken to.

    >>> ServerSettings(extra_body={"top_k": -1}, logprobs="raw").trials
    'seeded'

    Raises:
        SamplerError: a value is out of range.
    """

    trials: Literal["seeded", "n"] = "seeded"
    """`seeded`: one call for each trial, with the trial's own seed: trial 3 of 4 is trial 3 of 16, and adaptive draws
    can go on where they stopped. `n`: one call for all trials of a request, with the seed of its first one. It sends
    the image once; but a trial then depends on n and on `first_trial`, all trials record that one seed, `tokens` is
    None unless the server gives log-probabilities, and servers that ignore `n` fail the request (`wrong_count`)."""
    start_concurrency: int = 8
    """Calls in flight at first. They double for each round of answers until the server first complains, then grow by
    one a round; 429, 503, timeouts and lost connections halve them."""
    most_concurrency: int = 64
    """Calls in flight at most. 1 where a server keeps one random state for all its calls (`transformers serve`)."""
    request_deadline_s: float = 600.0
    """Seconds that a request may take from its first attempt on: all trials, attempts and waiting included."""
    attempt_deadline_s: float = 300.0
    """Seconds after which an attempt is given up and tried again. Above the longest honest answer under load."""
    most_retries: int = 6
    """Further attempts of a call after 408, 409, 429, 5xx, a timeout or a lost connection."""
    first_backoff_s: float = 0.5
    """Before retry k a call waits a random time up to this many seconds times 2**(k - 1) (full jitter); what a
    `Retry-After` header asks for is waited for in full, and the jitter added."""
    longest_backoff_s: float = 30.0
    """Bound of that random time, in seconds."""
    image_format: Literal["png", "jpeg"] = "png"
    """How images travel. PNG keeps every pixel; JPEG is several times smaller, but changes pixels, so that answers
    differ from those of the same model in this process."""
    jpeg_quality: int = 95
    """Quality of JPEG, 1 to 95."""
    group_by_image: bool = True
    """Send requests that begin with the same image next to one another, so that the server's prefix and image caches
    serve them. Results come in the order of the requests either way."""
    extra_body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further fields of each call. vLLM and SGLang take top-k and penalties from the checkpoint's `generation_config`
    unless told otherwise: `{"top_k": -1, "repetition_penalty": 1.0}`."""
    logprobs: Literal["off", "raw", "processed"] = "off"
    """Whether trials ask for log-probabilities, and what the server's are. `raw`: the model's own, whatever the
    temperature (vLLM's default, `--logprobs-mode raw_logprobs`). `processed`: after temperature and `top_p`, or
    unknown: kept only where the request's temperature and `top_p` are 1, else None. `score` always asks."""
    top_logprobs: int = 20
    """Candidates that `score` reads, 1 to 20; a choice below them counts 0."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """Name of the token limit; newer OpenAI models want the second, `transformers serve` ignores it."""
    seed_bits: int = 63
    """Seeds are sent modulo 2**seed_bits: 31 for servers that keep them in 32 bits. `Trial.seed` records all bits."""
    image_tokens: Sequence[str] = ()
    """Texts that no text part may contain, such as the served model's image token, which a server may count."""
    api_key_variable: str = "OPENAI_API_KEY"
    """Environment variable of the key, read when a call begins and kept nowhere; unset or empty sends no key. The key
    goes to `base_url`, whatever that is."""

    def __post_init__(self) -> None:
        most = self.most_concurrency
        _check(1 <= self.start_concurrency <= most, "start_concurrency must be in [1, most_concurrency]", self)
        for name in ("request_deadline_s", "attempt_deadline_s"):
            _check(getattr(self, name) > 0, f"{name} must be above 0", self)
        for name in ("most_retries", "first_backoff_s", "longest_backoff_s"):
            _check(getattr(self, name) >= 0, f"{name} must be at least 0", self)
        _check(1 <= self.jpeg_quality <= 95, "jpeg_quality must be in [1, 95]", self)
        _check(1 <= self.top_logprobs <= 20, "top_logprobs must be in [1, 20]", self)
        _check(1 <= self.seed_bits <= 63, "seed_bits must be in [1, 63]", self)
        _check(not isinstance(self.image_tokens, str), "image_tokens must list strings", self)
        for name, known in (("trials", "seeded n"), ("image_format", "png jpeg"), ("logprobs", "off raw processed")):
            _check(getattr(self, name) in known.split(), f"{name} must be one of: {known}", self)
        _check_extra(self.extra_body)


def _check(holds: bool, rule: str, settings: ServerSettings) -> None:
    if not holds:
        raise SamplerError(f"{rule}; got {getattr(settings, rule.split()[0])!r}")


def _check_extra(extra: Mapping[str, Any]) -> None:
    if clash := sorted(_OURS & extra.keys()):
        raise SamplerError(f"extra_body must not set {', '.join(clash)}: requests and settings decide it")
    try:
        json.dumps(dict(extra), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise SamplerError(f"extra_body must hold plain JSON values; got {error}") from error
