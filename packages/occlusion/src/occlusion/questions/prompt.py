"""The prompt that asks a language model for the question about one hidden thing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from occlusion.questions.wording import HiddenBy, hider_of, word_question

QUESTION_EXAMPLES: tuple[tuple[str, str, bool], ...] = (
    ("penguin", "bird", False),
    ("fire engines", "vehicle", True),
    ("hockey players", "athlete", True),
    ("grandmother", "relative", False),
    ("pizzas", "food", True),
    ("scissors", "tool", False),
    ("Eiffel Tower", "landmark", False),
    ("washing machine", "appliance", False),
    ("police vehicle", "object", False),
    ("pillows", "object", True),
    ("puppy", "animal", False),
    ("saxophonist", "professional", False),
)
"""Our own nouns with category and whether they are several: plural, compounds, a mass category, a name, a noun that
is one thing in the plural, a noun with its category's name in it, common things."""

_TASK = """\
A part of a picture is hidden, and a question must be asked about it. You are given the noun for what is hidden there.
Write the question, and give nothing away.
- Say that {hider} it, name the category it belongs to, and ask what it is.
- Take the category from this list, the narrowest that fits; for everyday things it is "object":
  {categories}
- Use the plural if the noun means several things.
- Use no word of the noun, no other form of it, no synonym and no hint of what it looks like or does.
- If the category's name is a word of the noun, take a broader category.
- Write two short sentences on one line, like those below, and nothing else."""


def question_prompt(
    head: str,
    categories: Sequence[str],
    *,
    hidden_by: HiddenBy = "blocks",
    examples: Sequence[tuple[str, str, bool]] = QUESTION_EXAMPLES,
) -> str:
    """Write the prompt for a head; a model continues it, or answers it as one message of a chat.

    The noun is quoted as a JSON string, so that no line break in it can forge an example.

    Source: arXiv 2508.04453 writes questions by a few-shot prompt; wording and examples here are our own.

    >>> prompt = question_prompt("duck", ["bird", "object"], examples=[("cups", "object", True)])
    >>> prompt.splitlines()[-5:-2]
    ['Noun: "cups"', 'Question: Gray blocks hide objects in this image. What are they?', '']
    >>> prompt.splitlines()[-2:]
    ['Noun: "duck"', 'Question:']
    """
    task = _TASK.format(hider=_lower_first(hider_of(hidden_by).hides), categories=", ".join(categories))
    shown = [
        f"Noun: {_quoted(noun)}\nQuestion: {word_question(category, several=several, hidden_by=hidden_by).stem}"
        for noun, category, several in examples
    ]
    return "\n\n".join([task, *shown, f"Noun: {_quoted(head)}\nQuestion:"])


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _quoted(text: str) -> str:
    text = " ".join(text.encode("utf-8", "replace").decode().split())  # a lone surrogate would stop a tokenizer
    return json.dumps(text, ensure_ascii=False)
