"""Ratings from 0 to 6 in a judge's reply: our reading, and those of the scripts whose scores are published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bench_eval.grades import Grade
from bench_eval.judges.reply_texts import plain_reply

BEST_RATING = 6
_RATING = re.compile(
    r"\b(final\s+|overall\s+)?rating\s*(?:\([^)\n]{0,20}\))?\s*(?:is|of|as|would be)?\s*[:=]?\s*"
    r"(\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*6)?(?![\d/%]|\.\d|\s*(?:-|–|to|or)\s*\d)",
    re.IGNORECASE,
)
_BARE = re.compile(r"([0-6])(?:\s*/\s*6)?\.?")
_SVCO = re.compile(r"rating(?:\*\*)?\s*:?\s*([0-6])", re.IGNORECASE)


def read_rating(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Read the one rating that a reply commits to; None where there is none, or several that differ.

    A final or overall rating goes before others; a reply that is a digit and nothing else is one.

    >>> read_rating("It is right.\\n**Rating:** 5", {}).answer, read_rating("Rating: 5 ... Rating: 3", {})
    ('5', None)
    """
    text = plain_reply(reply)
    if bare := _BARE.fullmatch(text):
        return _grade([float(bare[1])])
    found = [(bool(match[1]), float(match[2])) for match in _RATING.finditer(text)]
    return _grade([value for is_final, value in found if is_final] or [value for _, value in found])


def read_rating_official(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Look for `rating: d` with one blank, in small letters; exactly one digit may be found.

    `Rating: 10` counts as 1, as in the original. Source: hf.co/datasets/Shengcao1006/MMHal-Bench, eval_gpt4.py. It
    scores 0 where it finds none or several; here there is no score.

    >>> read_rating_official("Rating: 5, very informative", {}).answer, read_rating_official("**Rating:** 5", {})
    ('5', None)
    """
    text = reply.lower()
    return _grade([digit for digit in range(BEST_RATING + 1) if f"rating: {digit}" in text])


def read_rating_svco(reply: str, row: Mapping[str, Any]) -> Grade | None:
    """Look for `rating`, stars, blanks and a colon where they are, and a digit; several digits are averaged.

    Source: github.com/s-vco/s-vco, eval_gpt_mmhal.py. After four failures it scores 0; here there is no score.

    >>> read_rating_svco("**Rating**: 5", {}).answer, read_rating_svco("rating 5 ... rating 2", {}).answer
    ('5', '3.5')
    >>> read_rating_svco("**Rating:** 5", {}) is None
    True
    """
    digits = {int(digit) for digit in _SVCO.findall(reply)}
    return _grade([sum(digits) / len(digits)]) if digits else None


def _grade(ratings: Iterable[float]) -> Grade | None:
    values = set(ratings)
    if len(values) != 1 or not 0 <= (rating := values.pop()) <= BEST_RATING:
        return None
    return Grade(rating / BEST_RATING, "judged", f"{rating:g}")
