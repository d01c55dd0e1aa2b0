"""Open answers as MMMU grades them: key phrases and numbers of the answer against the normalised gold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from bench_eval.grades import Grade
from bench_eval.words import truths_of

Part: TypeAlias = str | float
"""A lower-case text, or a number rounded to two decimals."""
_INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_TRIVIAL = frozenset(":,.!?;'")
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),
)
"""With thousands' commas, in scientific notation, plain."""


def normalise_mmmu(text: str) -> list[Part]:
    """Turn a text into a number rounded to two decimals, or into its lower-case form.

    A single character becomes two forms, with a space before and after it, lest it match inside words.

    Source: MMMU, `eval/eval_utils.py` (normalize_str).

    >>> normalise_mmmu("1,234.567"), normalise_mmmu(" Blue "), normalise_mmmu("X")
    ([1234.57], ['blue'], [' x', 'x '])
    """
    bare = text.strip()
    try:
        return [round(float(bare.replace(",", "")), 2)]
    except ValueError:
        lowered = bare.lower()
    return [f" {lowered}", f"{lowered} "] if len(lowered) == 1 else [lowered]


def key_phrases_mmmu(text: str) -> list[str]:
    """List, for each line, the shortest text after words such as `is ` or `answer `; the whole text where none has any.

    In the last line `=` is such a word too. The text is in lower case by then, so that the pattern that should split
    sentences at a period before a capital never fits: only lines are split.

    Source: MMMU, `eval/eval_utils.py` (parse_open_response).

    >>> key_phrases_mmmu("The area is 3 * 4 = 12."), key_phrases_mmmu("Twelve")
    (['12'], ['twelve'])
    """
    lowered = text.strip().strip(".").lower()
    *former, last = lowered.split("\n")
    phrases = [_shortest_tail(line, _INDICATORS) for line in former]
    phrases.append(_shortest_tail(last, (*_INDICATORS, "=")))
    return [phrase for phrase in phrases if phrase and phrase not in _TRIVIAL] or [lowered]


def _shortest_tail(line: str, indicators: tuple[str, ...]) -> str:
    """An empty tail is taken for none by the next indicator, as in the original."""
    shortest = ""
    for indicator in indicators:
        if indicator in line:
            tail = line.rsplit(indicator, 1)[-1].strip()
            shortest = tail if not shortest or len(tail) < len(shortest) else shortest
    return shortest


def parts_mmmu(text: str) -> set[Part]:
    """Collect what an open answer says: its key phrases, and the numbers in them.

    Source: MMMU, `eval/eval_utils.py` (parse_open_response).

    >>> sorted(map(str, parts_mmmu("It is 3.14159 cm")))
    ['3.14', '3.14159 cm']
    """
    phrases = key_phrases_mmmu(text)
    numbers = [number for phrase in phrases for pattern in _NUMBERS for number in pattern.findall(phrase)]
    return {part for said in (*phrases, *numbers) for part in normalise_mmmu(said)}


def grade_open_answer(text: str, row: Mapping[str, Any]) -> Grade:
    """Accept an answer that says one of the row's golds: a number equal to it, or a phrase that contains its text.

    Source: MMMU, `eval/eval_utils.py` (eval_open). Where a question has several golds any will do; lmms-eval compares
    the list's own text there, which nothing equals.

    >>> grade_open_answer("So the answer is blue.", {"answer": "Blue"}).score
    1.0
    >>> grade_open_answer("about 12.3", {"answer": "12.30"}), grade_open_answer("", {"answer": "12"}).reason
    (Grade(score=1.0, reason='open', answer='about 12.3'), 'no_answer')
    """
    golds = [gold for truth in truths_of(row) for gold in normalise_mmmu(truth)]
    parts = parts_mmmu(text)
    is_right = any(_says(part, gold) for part in parts for gold in golds)
    answer = "; ".join(key_phrases_mmmu(text)).strip()
    return Grade(float(is_right), "open" if answer else "no_answer", answer)


def _says(part: Part, gold: Part) -> bool:
    return gold in part if isinstance(part, str) and isinstance(gold, str) else part == gold
