"""The part of a reply that is the answer: outside its thoughts, inside answer tags."""

from __future__ import annotations

import re

from bench_eval.reasoning import without_thoughts

_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|$)", re.DOTALL | re.IGNORECASE)


def final_text(text: str) -> str:
    """Cut thoughts off, and take the content of the last answer tags where there are some.

    >>> final_text("<think>A or B?</think>\\nB"), final_text("So <answer> B </answer>."), final_text("<think>A or")
    ('B', 'B', '')
    """
    said = without_thoughts(text)
    tagged = _ANSWER.findall(said)
    return (tagged[-1] if tagged else said).strip()
