"""Find the answer that a free text finally commits to, by rules."""

from __future__ import annotations

import re

from answer_judge.answer_phrases import answer_phrase
from answer_judge.claims import findings
from answer_judge.commitment import committed
from answer_judge.plain_text import plain_text, sentences
from answer_judge.statements import NOT
from answer_judge.structured_answers import structured_answer

UNKNOWN = "unknown"
"""The answer of a text that does not commit to one; never right."""

_OPENINGS = ("yes", "no", "well", "ok", "okay", "sure", "maybe", "perhaps", "probably", "possibly", "likely")
_SENTENCE = re.compile(rf"{NOT.pattern}|\b(?:is|are|was|were|has|have|can|may|could)\b")
_MOST_BARE_WORDS, _MOST_TITLE_WORDS = 8, 4


def extract_answer(text: str) -> str:
    """Return the last answer that a text commits to most firmly, or `unknown`.

    Several equally likely answers are joined by commas. A text of a few words is itself the answer. An answer in a
    JSON field, a tag or a LaTeX box goes before all prose.

    >>> extract_answer("The blocks are below a pond on snow, so it is a penguin.")
    'penguin'
    >>> extract_answer("It might be a cup. No: the handle is missing, so it must be a glass or a bowl.")
    'glass, bowl'
    >>> extract_answer("It is impossible to tell what is behind the blocks.")
    'unknown'
    >>> extract_answer('{"reason": "whiskers", "answer": "Cat"}')
    'cat'
    """
    given = structured_answer(text)
    plain = plain_text(text if given is None else f"answer: {given}")
    asserted = sentences(plain)
    answers = committed(found for sentence in asserted for found in findings(sentence))
    if answers is not None:
        return ", ".join(answers) or UNKNOWN
    return _bare(plain, asserted) or UNKNOWN


def _bare(plain: str, asserted: list[str]) -> str:
    """Return a text of a few words as its own answer, or the few words that stand before an explanation."""
    if not asserted:
        return ""
    is_short = len(plain.split()) <= _MOST_BARE_WORDS
    said = _without_opening(asserted[-1] if is_short else asserted[0])
    is_title = len(said.split()) <= _MOST_TITLE_WORDS and not said.endswith(":")
    return answer_phrase(said) if (is_short or is_title) and not _SENTENCE.search(said) else ""


def _without_opening(sentence: str) -> str:
    words = sentence.split()
    start = 0
    while start < len(words) - 1 and words[start].strip(",:.!") in _OPENINGS:
        start += 1
    return " ".join(words[start:])
