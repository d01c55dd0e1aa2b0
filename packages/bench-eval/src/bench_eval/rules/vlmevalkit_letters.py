"""Option letters as VLMEvalKit's matcher finds them before it would ask a judge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bench_eval.choices import LETTERS
from bench_eval.grades import Grade
from bench_eval.rules.letter_graders import grade_letter

VLMEVALKIT_RULE = (
    "A lone letter among the last four words, `answer is X`, or the only option named; where the kit would ask a judge "
    "or draw a random letter, there is no answer and it is wrong."
)
"""What `grade_vlmevalkit_letter` does, in one sentence for profiles."""
_MARKS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
"""Messages of servers and models that the matcher counts as no answer."""
_API_FAILURE = "Failed to obtain answer via API"
"""VLMEvalKit's own placeholder; no letter is looked for in it."""
_STATED = re.compile(r"answer\s+is\s+\**([A-D])\**", re.IGNORECASE)
_TAIL = 4
"""A lone letter counts only where its first place is among this many last words."""


def match_letter_vlmevalkit(text: str, options: Sequence[str]) -> str | None:
    """Find the letter that VLMEvalKit's matcher takes without a judge; None where it would ask one, or finds no answer.

    A known refusal, or `Z` without any option's letter, is no answer. Words are split at spaces and most punctuation:
    one option's letter, first standing among the last four words, is taken; then `answer is X` with A to D, in any
    case and even where X begins a word; then the only option whose text occurs in the answer, in any case, where the
    answer is at most twice as long as all options together.

    Source: VLMEvalKit, `vlmeval/utils/matching_util.py`, as of August 2026; older versions know no `answer is`.

    >>> match_letter_vlmevalkit("Answer: (B)", ["cat", "dog"]), match_letter_vlmevalkit("A dog", ["a cat", "a dog"])
    ('B', 'A')
    >>> match_letter_vlmevalkit("It is the dog.", ["cat", "a dog"]) is None
    True
    """
    letters = LETTERS[: len(options)]
    if any(refusal in text for refusal in _REFUSALS):
        return None
    if _API_FAILURE not in text:
        words = text.translate(_MARKS).split()
        said = [letter for letter in letters if letter in words]
        if not said and "Z" in words:
            return None
        if len(said) == 1 and words.index(said[0]) >= len(words) - _TAIL:
            return said[0]
        stated = _STATED.search(text)
        if stated and stated[1].upper() in letters:
            return stated[1].upper()
    return _by_option_text(text.lower(), options, letters)


def _by_option_text(lowered: str, options: Sequence[str], letters: str) -> str | None:
    if len(lowered) > 2 * sum(map(len, options)):
        return None
    inside = [letter for letter, option in zip(letters, options, strict=True) if option.lower() in lowered]
    return inside[0] if len(inside) == 1 else None


def grade_vlmevalkit_letter(text: str, row: Mapping[str, Any]) -> Grade:
    """Compare the letter of VLMEvalKit's matcher with the row's `answer`; what it leaves to a judge is unparsed.

    Source: as of `match_letter_vlmevalkit`. The random letter after failed judge calls is not reproduced.

    >>> grade_vlmevalkit_letter("dog", {"options": ["cat", "dog"], "answer": "B"})
    Grade(score=1.0, reason='letter', answer='B')
    """
    return grade_letter(text, row, match_letter_vlmevalkit)
