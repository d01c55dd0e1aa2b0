"""Read the score in a language model's reply to the cognition prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from answer_judge.cognition_prompt import COGNITION_SCALE

CognitionReason = Literal[
    "scored", "empty reply", "no score", "several scores", "out of scale", "unfinished", "no answer", "answer too long"
]
"""`scored`, or why there is no score; for the last two the model was not asked."""

_NUMBER = r"(?P<score>-?\d{1,4}(?:\.\d{1,4})?)(?![\d.]*\d)(?:\s{0,2}(?:/|out of)\s{0,2}(?P<of>\d{1,4}(?:\.0)?)(?!\d))?"
_GAP = r"[^\w-]{0,4}(?:-\s)?"
_NO_RANGE = r"(?!\s{0,2}(?:-|–|—|to\b|or\b|and\b)\s{0,2}\d)"
_FORMATS = (
    re.compile(rf"[\"']\s{{0,3}}score\s{{0,3}}[\"']\s{{0,3}}:\s{{0,3}}[\"']?{_NUMBER}[\"']?\s{{0,3}}[,}}]", re.I),
    re.compile(
        rf"\b(?:score|rating|rate|verdict|grade){_GAP}(?:(?:is|of|it|would be|as|at)\b{_GAP}){{0,3}}{_NUMBER}"
        rf"{_NO_RANGE}",
        re.I,
    ),
    re.compile(
        r"(?<![\d.])(?P<score>-?\d{1,4}(?:\.\d{1,4})?)\s{0,2}(?:/|out of)\s{0,2}(?P<of>\d{1,4}(?:\.0)?)(?!\d)", re.I
    ),
    re.compile(rf"^\W{{0,4}}{_NUMBER}\W{{0,4}}$"),
)
_THOUGHT = re.compile(r"<(think|thinking|thought|reasoning|scratchpad)>", re.I)
_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning|scratchpad)>", re.I)
_MARKUP = re.compile(r"[*_`#]+")
_LONGEST_REPLY = 20_000


@dataclass(frozen=True)
class Cognition:
    """What a language model made of one answer."""

    score: int | None
    """1 (no explanation, or a wrong label) to 5; None if there is no score."""
    reason: CognitionReason
    """`scored`, or why there is none."""
    reply: str
    """What the model said, the last 1,000 characters of it."""


def read_cognition(reply: str) -> Cognition:
    """Return the score in a reply, or why there is none; a score is never guessed.

    The last JSON field `score` counts; else `Score: 4/5` and the like, `4 out of 5`, or a lone number, where all of one
    kind agree. Only whole numbers on the scale are scores, and thoughts in tags do not count.

    >>> read_cognition('Specific features. {"score": 4}').score, read_cognition("**Score:** 4/5").score
    (4, 4)
    >>> read_cognition("Score: 4. Or rather, score: 2.").reason, read_cognition("Score: 8/10").reason
    ('several scores', 'out of scale')
    """
    score, reason = _read(reply)
    return Cognition(score, reason, reply[-1000:])


def _read(reply: str) -> tuple[int | None, CognitionReason]:
    if not reply.strip():
        return None, "empty reply"
    said = _THOUGHT_ENDS.split(reply[-_LONGEST_REPLY:])[-1]
    if _THOUGHT.search(said):
        return None, "unfinished"
    for number, pattern in enumerate(_FORMATS):
        plain = said if number == 0 else _MARKUP.sub("", said)
        found = [(match["score"], match["of"]) for match in pattern.finditer(plain)]
        if found:
            given = {_on_scale(*one) for one in (found[-1:] if number == 0 else found)}
            if len(given) > 1:
                return None, "several scores"
            score = given.pop()
            return score, "out of scale" if score is None else "scored"
    return None, "no score"


def _on_scale(score: str, of: str | None) -> int | None:
    low, high = COGNITION_SCALE
    value = float(score)
    if (of is not None and float(of) != high) or not value.is_integer() or not low <= value <= high:
        return None
    return int(value)
