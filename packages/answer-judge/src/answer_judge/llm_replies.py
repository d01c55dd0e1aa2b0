"""Read a language model's reply to the extraction prompt."""

from __future__ import annotations

import re
from typing import Literal

from answer_judge.normalising import normalise
from answer_judge.plain_text import plain_text
from answer_judge.structured_answers import structured_answer

Reason = Literal["answered", "none given", "no text", "empty reply", "unparsable reply", "not in the text"]
"""`answered`: a phrase was found; `none given`: the model says that there is none; the others: nothing to go by."""

_MOST_WORDS, _MOST_ALTERNATIVES, _LONGEST_REPLY = 7, 8, 4000
_LABEL = re.compile(
    r"^(?:(?:the|my|a|its?)? ?(?:[a-z]+ ){0,3}(?:answers?|object|item|thing|output|response|result|label)"
    r"(?: [a-z]+){0,6}? ?(?:is|are|was|would be|seems to be|must be|[:=])[:=]? *"
    r"|(?:it|this|that|they) (?:is|are|must be|seems to be) +(?:most likely |probably )?"
    r"|(?:text|answer|a)\s*[:=] *)+"
)
_OPENING = re.compile(r"^(?:(?:so|therefore|thus|well|ok|okay|sure|yes|certainly|of course)[,:!.]+ +)+")
_CHATTER = re.compile(
    r"^(?:sure|of course|certainly|okay|ok|yes|here (?:is|are|you go)|based on|in this text|let me)\b"
)
_END = re.compile(
    r"[.;!?](?:\s|$)|\s[-–—(]|[\[\]{}<>|]|: |\(|,? (?:because|since|as|which|who|that|given|based|but|due|according"
    r"|hidden|behind|not)\b"
)
_ARTICLE = re.compile(r"^(?:(?:an?|the|some|either|maybe|possibly|probably|perhaps|most likely|likely)\s+)+")
_BETWEEN = re.compile(r"\s*(?:,\s*(?:or\s+|and\s+)?|;|/|\s+or\s+)\s*")
_NONE_GIVEN = re.compile(
    r"^(?:no$|not an? |i am sorry|sorry|as an ai|unknown|none|null|nil|n/a|no answer|nothing|unclear|unsure|uncertain"
    r"|undetermined|inconclusive|undecided|not (?:sure|known|clear|given|stated|specified|determined|enough)"
    r"|no (?:clear|definite|final|single|commit\w*)|(?:i )?(?:can not|could not|do not know|am not sure|am unable)"
    r"|it is (?:unclear|unknown|not|impossible)|impossible|the text (?:does not|gives no|settles on nothing))\b"
)


def parse_reply(reply: str) -> tuple[str, Reason]:
    """Return the answer in a model's reply, and why; an answer of `unknown` never has the reason `answered`.

    The first line that is not mere chatter counts: labels, quotes, bullets, Markdown and explanations are taken off it.

    >>> parse_reply('Answer: "A red kite" (because of its tail).')
    ('red kite', 'answered')
    >>> parse_reply("mug or jug"), parse_reply("Unknown.")
    (('mug, jug', 'answered'), ('unknown', 'none given'))
    >>> parse_reply("...")
    ('unknown', 'unparsable reply')
    """
    if not reply.strip():
        return "unknown", "empty reply"
    given = structured_answer(reply)
    line = _line(reply[:_LONGEST_REPLY] if given is None else given)
    if _NONE_GIVEN.match(line):
        return "unknown", "none given"
    return _phrase(line)


def _line(reply: str) -> str:
    """Return the first line that holds an answer, without its label."""
    for part in plain_text(reply).split("\n"):
        bare = part.strip(" '`>|[]{}()").removeprefix("json").strip()
        bare = _OPENING.sub("", bare)
        unlabelled = _LABEL.sub("", bare).strip(" '")
        is_lead_in = bare.endswith(":") or (_CHATTER.match(bare) and not re.search(r": \S", bare))
        if any(char.isalnum() for char in unlabelled) and not is_lead_in:
            return _after_lead_in(unlabelled)
    return ""


def _after_lead_in(line: str) -> str:
    """`sure, here it is: cat` -> `cat`."""
    return line.split(": ", 1)[1].strip(" '") if _CHATTER.match(line) and ": " in line else line


def _phrase(line: str) -> tuple[str, Reason]:
    end = _END.search(line)
    alternatives: dict[str, str] = {}
    for part in _BETWEEN.split(line[: end.start()] if end else line):
        phrase = _ARTICLE.sub("", part.strip(" '.:,")).strip(" '")
        if any(char.isalnum() for char in phrase) and not _NONE_GIVEN.match(phrase):
            alternatives.setdefault(normalise(phrase), phrase)
    is_readable = 0 < len(alternatives) <= _MOST_ALTERNATIVES
    if not is_readable or any(len(phrase.split()) > _MOST_WORDS for phrase in alternatives.values()):
        return "unknown", "unparsable reply"
    return ", ".join(alternatives.values()), "answered"
