"""How long to wait before trying again."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from trial_sampler.server.settings import ServerSettings


def is_worth_retrying(status: int) -> bool:
    """Return whether the same call may be answered later.

    >>> [status for status in (400, 404, 408, 409, 422, 429, 500, 503) if is_worth_retrying(status)]
    [408, 409, 429, 500, 503]
    """
    return status in (408, 409, 429) or status >= 500


def is_overload(status: int) -> bool:
    """Return whether a status says that the server has too much to do."""
    return status in (429, 503)


def backoff_s(attempt: int, settings: ServerSettings, retry_after_s: float | None = None) -> float:
    """Return the seconds to wait after a failed attempt, the first of which is 0.

    Full jitter keeps calls that failed together from coming back together.

    Source: Brooker 2015, "Exponential Backoff And Jitter" (AWS Architecture Blog).
    """
    bound = min(settings.longest_backoff_s, settings.first_backoff_s * 2.0 ** min(attempt, 60))
    return (retry_after_s or 0.0) + random.uniform(0, bound)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a `Retry-After` header, given as seconds or as an HTTP date; None if it says neither.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> [parse_retry_after(text, noon) for text in ("1.5", "Thu, 01 Jan 2026 12:00:07 GMT", "soon", None)]
    [1.5, 7.0, None, None]
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return math.nan
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
