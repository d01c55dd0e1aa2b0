"""What is to be read of a judge's reply: neither its thoughts nor its markup."""

from __future__ import annotations

import re

from bench_eval.final_texts import final_text

_MARKUP = re.compile(r"[*_`#\"“”\[\]]")


def plain_reply(text: str) -> str:
    """Drop thoughts, and the characters of Markdown and JSON that surround figures.

    >>> plain_reply("<think>4?</think>**Rating:** [5]")
    'Rating: 5'
    """
    return _MARKUP.sub("", final_text(text)).strip()
