"""Read the question out of a language model's reply, and the category that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from occlusion.words.nouns import plural

_LABEL = re.compile(
    r"^\W*(?:sure|of course|certainly|okay|here (?:is|are)|question|answer|output|the question|q)\b[^:?]{0,60}:\W*",
    re.I,
)
_NEXT_TURN = re.compile(r"\n\W*(?:noun|user|human|assistant)\W{0,3}:", re.I)
_REQUEST = re.compile(r"\b(?:explain|answer|describe|give|think|reason)\b", re.I)
_SPECIAL = re.compile(r"<\|?/?[a-z_]{1,20}\|?>|```(?:[a-z]+\n)?", re.I)
_KEY = re.compile(r"^\W*\"?(?:question|stem)\"?\s*:\s*", re.I)
_LONGEST_REPLY = 2000


def read_stem(reply: str) -> str | None:
    """Return the question of a reply, up to the last question mark before a request to explain; None if it has none.

    Thoughts, labels, quotes, Markdown, JSON braces and an example that the model goes on with are left out.

    >>> read_stem('Sure! Here it is:\\n**"Gray blocks hide a bird in this image. What is it?"** Explain your answer.')
    'Gray blocks hide a bird in this image. What is it?'
    >>> read_stem("A bird.") is None
    True
    """
    said = reply.rpartition("</think>")[2][:_LONGEST_REPLY]
    said = _SPECIAL.sub(" ", _NEXT_TURN.split("\n" + said.strip(), maxsplit=1)[0] or said)
    lines = [_unlabelled(line) for line in said.splitlines()]
    first = next((at for at, line in enumerate(lines) if "?" in line), None)
    if first is None:
        return None
    line = lines[first]
    if first and lines[first - 1].endswith(".") and not re.search(r"[.!]\s", line):
        line = f"{lines[first - 1]} {line}"  # two sentences on two lines
    return _up_to_the_question(line)


def named_category(stem: str, categories: Iterable[str]) -> tuple[str, bool] | None:
    """Return the first category that a stem names, in the singular, and whether it stands in the plural.

    Of two that begin at the same place the longer one counts (`food`, `food truck`).

    >>> named_category("Gray blocks hide pieces of furniture. What are they?", ["piece of furniture", "object"])
    ('piece of furniture', True)
    >>> named_category("What is it?", ["object"]) is None
    True
    """
    text = " ".join(re.findall(r"\w+", stem.lower()))
    found: list[tuple[int, int, str, bool]] = []
    for category in categories:
        for form in (category, plural(category)):
            match = re.search(rf"\b{re.escape(form)}\b", text)
            if match:
                found.append((match.start(), -len(form), category, form != category))
    return min(found)[2:] if found else None


def _unlabelled(line: str) -> str:
    bare = line.strip()
    while (shorter := _KEY.sub("", _LABEL.sub("", bare))) != bare:
        bare = shorter
    return bare.strip(" \t\"'`“”‘’«»*_{}[]>#|").lstrip("-•1234567890.) ")


def _up_to_the_question(line: str) -> str:
    asked = re.findall(r"[^?]*\?", line)
    kept = asked[:1]
    for part in asked[1:]:
        if _REQUEST.search(part):
            break
        kept.append(part)
    return re.sub(r"\s+", " ", "".join(kept)).strip(" \"'`“”‘’«»*_")
