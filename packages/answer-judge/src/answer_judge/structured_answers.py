"""Find an answer that a text gives in a format: a JSON field, a tag, a LaTeX box."""

from __future__ import annotations

import json
import re

_LONGEST_TEXT = 20_000
_KEY = r"[\"'](?:final[ _-]?|short[ _-]?|unique[ _-]?)?answers?[\"']\s*:\s*"
_STRING = r"\"(?P<string>(?:[^\"\\\n]|\\.){0,300})\""
_LIST = r"\[(?P<list>[^\[\]{}]{0,300})\]"
_FORMATS = re.compile(
    rf"{_KEY}(?:{_STRING}|{_LIST}|'(?P<single>[^'\n]{{0,300}})'|(?P<null>null))"
    r"|<(?:final_)?answer>(?P<tag>[^<>]{0,300})</"
    r"|\\(?:boxed|fbox)\{(?P<box>(?:[^{}]|\{[^{}]{0,300}\}){0,300})\}",
    re.IGNORECASE,
)


def structured_answer(text: str) -> str | None:
    r"""Return the last answer given as a JSON field, in a tag or in a box; None if a text has none of these.

    >>> structured_answer('Here it is: {"reason": "a tail", "answer": "cat"}')
    'cat'
    >>> structured_answer(r"so \boxed{\text{two cats}}.")
    '\\text{two cats}'
    >>> structured_answer("a cat") is None
    True
    """
    found = list(_FORMATS.finditer(text[-_LONGEST_TEXT:]))
    if not found:
        return None
    kind = found[-1].lastgroup or "null"
    given = found[-1][kind]
    if kind == "list":
        return ", ".join(item.strip(" \"'\n") for item in given.split(","))
    if kind == "null":
        return "unknown"
    return _unescaped(given) if kind == "string" else given.strip()


def _unescaped(literal: str) -> str:
    try:
        return str(json.loads(f'"{literal}"', strict=False)).strip()
    except ValueError:  # an escape that JSON does not know: the text is still the answer
        return literal.replace("\\", "").strip()
