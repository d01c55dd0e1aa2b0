"""Visual features out of a model's reply: bullets of any style, each feature once."""

from __future__ import annotations

import re
from typing import NamedTuple

from answer_judge import normalise

_BULLET = re.compile(r"^(\s*)(?:[-*+•‣◦·–—▪●]+(?=[^-*+\d.])|(?:\(?\d{1,3}[.)]|\(?[a-z]\))(?=\s|\*))\s*(.*)$")
"""A dash, star or dot before anything but its like or a number; or a number with a dot or bracket."""

_MARKUP = re.compile(r"\*|__|`")
_INDENTED = re.compile(r"^\s+\S")


class _Bullet(NamedTuple):
    indent: int
    text: str


def parse_features(reply: str) -> list[str]:
    """The features that a reply lists, in order, each once; lines that are no bullets are left out.

    A bullet that ends in a colon heads those further in, and is put before each. An indented line goes on with the
    bullet before it. Marks of bold text, a full stop at the end and blanks are taken off.

    >>> parse_features("Sure! Features:\\n- **Bill:** long, hooked.\\n* black legs\\n1) Black legs\\n-\\n")
    ['Bill: long, hooked', 'black legs']
    """
    features: list[str] = []
    seen: set[str] = set()
    heads: list[_Bullet] = []
    for indent, text in _bullets(reply):
        heads = [head for head in heads if head.indent < indent]
        if text.endswith(":"):
            heads.append(_Bullet(indent, text))
            continue
        feature = " ".join([*(head.text for head in heads), text])
        reading = normalise(feature)
        if reading and reading not in seen:
            seen.add(reading)
            features.append(feature)
    return features


def _bullets(reply: str) -> list[_Bullet]:
    """The bullets of a reply with their indents, wrapped ones in one line; empty ones are left out."""
    found: list[list[str]] = []
    indents: list[int] = []
    goes_on = False
    for line in reply.expandtabs(4).splitlines():
        bullet = _BULLET.match(line)
        if bullet:
            indents.append(len(bullet[1]))
            found.append([bullet[2]])
        elif goes_on and _INDENTED.match(line):
            found[-1].append(line)
        goes_on = bool(bullet) or (goes_on and bool(line.strip()))
    cleaned = ((indent, _clean(" ".join(parts))) for indent, parts in zip(indents, found, strict=True))
    return [_Bullet(indent, text) for indent, text in cleaned if any(char.isalnum() for char in text)]


def _clean(text: str) -> str:
    plain = " ".join(_MARKUP.sub("", text).split()).strip("_ ")
    return plain.rstrip(".;, ")
