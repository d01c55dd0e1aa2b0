"""Models that think aloud: what is an answer and what is not."""

from __future__ import annotations

import re

_THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_CLOSED = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"<think(?:ing)?>.*$", re.DOTALL | re.IGNORECASE)


def without_thoughts(text: str) -> str:
    """Return what a text says outside its `<think>` parts; the saved text keeps them.

    A part that was never closed reaches to the end, so that nothing is left of an answer cut off while thinking; one
    that was never opened reaches to the start, since some templates open it in the prompt.

    >>> without_thoughts("<think>A or B?</think> B"), without_thoughts("<think>A or"), without_thoughts("so</think>B")
    ('B', '', 'B')
    """
    if "think" not in text.casefold():
        return text
    rest = _CLOSED.sub("", _THOUGHTS.sub("", text))
    return _OPEN.sub("", rest).strip()
