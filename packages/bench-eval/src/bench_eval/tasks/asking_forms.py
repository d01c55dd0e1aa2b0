"""How questions are put to a model: chat turns and the endings that the benchmarks' users share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench_eval.choices import LETTERS

WORD_OR_PHRASE = "Answer the question using a single word or phrase."
"""Ending that asks for a short answer; part of the published scores of LLaVA-style models."""
LETTER = "Answer with the option's letter from the given choices directly."
"""Ending that asks for a letter; part of the published scores of LLaVA-style models."""


def user_turn(text: str, n_images: int = 1) -> list[dict[str, Any]]:
    """One user turn: pictures first, then the text.

    >>> user_turn("What is it?")[0]["content"][0]
    {'type': 'image'}
    """
    content: list[dict[str, Any]] = [{"type": "image"} for _ in range(n_images)]
    return [{"role": "user", "content": [*content, {"type": "text", "text": text}]}]


def option_lines(options: Sequence[str]) -> str:
    """Options one per line, each behind its letter.

    >>> option_lines(["red", "blue"])
    'A. red\\nB. blue'
    """
    return "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
