"""Keys out of error texts, which end up in ledgers and logs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TypeVar

from bench_eval.errors import BenchEvalError

Result = TypeVar("Result")

_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHAPES = re.compile(
    r"(?i:bearer)\s+[^\s\"',;]+"
    r"|\b(?:sk|pk|rk|gsk|xai)[-_](?=[\w.-]*[\d*])[\w*.-]{6,}"
    r"|\bhf_\w{20,}"
    r"|\bAIza[\w-]{10,}"
    r"|(?i:(?<=api_key=)|(?<=api-key=)|(?<=token=)|(?<=key=))[^\s&\"',;]{6,}"
    r"|(?<=://)[^/\s@]+(?=@)"
)
_LONGEST = 500


def redact_keys(text: str) -> str:
    """Put a text on one line, without values of environment variables named as keys, and without shapes of keys.

    >>> redact_keys("401: wrong key sk-abcdef123456\\nBearer xyz")
    '401: wrong key [key] [key]'
    """
    return " ".join(_scrubbed(text).split())[:_LONGEST]


def without_keys(call: Callable[[], Result]) -> Result:
    """Call, and let errors pass, unless their text holds a key: then only the text without it passes.

    Raises:
        BenchEvalError: in place of an error that held a key.
    """
    try:
        return call()
    except Exception as error:
        if _scrubbed(str(error)) == str(error):
            raise
        shown = f"{type(error).__name__}: {redact_keys(str(error))}"
    # Outside the handler: a chained exception would carry the key with it.
    raise BenchEvalError(shown)


def _scrubbed(text: str) -> str:
    for name, value in os.environ.items():
        if name.upper().endswith(_NAMES) and len(value) >= 8:
            text = text.replace(value, "[key]")
    return _SHAPES.sub("[key]", text)
