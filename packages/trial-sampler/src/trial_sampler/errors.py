"""What trial-sampler raises, and what it reports for a single request."""

from __future__ import annotations

from dataclasses import dataclass


class SamplerError(Exception):
    """Base of all errors of this package.

    ```
    SamplerError
    ├── InvalidRequest   a Request was built with a value out of range
    ├── MissingExtra     an optional dependency is not installed
    └── ModelError       the model cannot be loaded, or it and its processor disagree
    ```
    """


class InvalidRequest(SamplerError, ValueError):
    """A `Request` was built with a value out of range."""


class MissingExtra(SamplerError, ImportError):
    """An optional dependency is not installed; the message holds the install command."""


class ModelError(SamplerError):
    """The model cannot be loaded, or it and its processor disagree; no request can be served."""


@dataclass(frozen=True)
class SampleFailure:
    """Why one request got no trials; its neighbours are not affected.

    >>> str(SampleFailure("missing", "no such file: cat.png"))
    'missing: no such file: cat.png'
    """

    reason: str
    """Short slug to count by: a reason of `box_space.ImageError`, `image_count`, `image_token_in_text`, `template`,
    `too_long`, `model`, `out_of_memory`, `not_finite`, `truncated`, `wrong_count` or `choices`; of a server also
    `processor`, `refused`, `unavailable`, `deadline` or `bad_reply`."""
    detail: str = ""
    """What happened, in one line."""

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
