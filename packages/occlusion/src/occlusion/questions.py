"""A question about what is hidden that tells its kind and number, and never gives it away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from occlusion.errors import OcclusionError
from occlusion.lexicon import default_lexicon, english_words, look_up
from occlusion.nouns import is_plural, plural, singular, with_article

REASONING_REQUEST = "Explain what is around the blocks, then give one answer."
"""Asks for a rationale that ends in the answer."""

SHORT_REQUEST = "Answer with one word or phrase."
"""Asks for the bare answer."""

BROADEST_CATEGORY = "object"
"""The category of common things, and of all things that the lexicon does not know."""


@dataclass(frozen=True)
class Question:
    """What to ask about a hidden thing."""

    stem: str
    """Says that gray blocks hide something of a category, and asks what it is."""

    reasoning: str
    """The stem with the request to explain first."""

    short: str
    """The stem with the request for the bare answer."""

    category: str
    """The category named, in the singular."""

    plural: bool
    """Several things are hidden."""


def write_question(entity_head: str, *, lexicon: Mapping[str, str] | None = None) -> Question:
    """Ask for a hidden entity by its category; where the category would tell, by the next broader one.

    Args:
        entity_head: noun as the caption has it, in any case and number.
        lexicon: nouns to categories; the built-in one when None. Unknown nouns are objects.

    Raises:
        OcclusionError: `empty_entity`; `question_tells`: every wording would contain a word of the entity.

    >>> write_question("Ducks", lexicon={"duck": "animal"}).stem
    'Gray blocks hide animals in this image. What are they?'
    >>> write_question("umbrella").short
    'Gray blocks hide an object in this image. What is it? Answer with one word or phrase.'
    """
    if not _words(entity_head):
        raise OcclusionError("empty_entity", f"entity_head must have a word; got {entity_head!r}.")
    category: str | None = look_up(entity_head, default_lexicon() if lexicon is None else lexicon) or BROADEST_CATEGORY
    while category is not None:
        question = _question(category, several=is_plural(entity_head))
        if not tells(question, entity_head):
            return question
        category = _broader(category)
    raise OcclusionError("question_tells", f"no question can ask for {entity_head!r} without a word of it.")


def tells(question: Question, entity_head: str) -> bool:
    """Say whether a question contains a word of the entity, in any number and case.

    >>> tells(write_question("key"), "gray keys")
    True
    """
    return not _words(entity_head).isdisjoint(_words(f"{question.reasoning} {question.short}"))


def _question(category: str, *, several: bool) -> Question:
    if category in english_words().mass_categories:
        stem = f"Gray blocks hide {category} in this image. What is it?"
    elif several:
        stem = f"Gray blocks hide {plural(category)} in this image. What are they?"
    else:
        stem = f"Gray blocks hide {with_article(category)} in this image. What is it?"
    return Question(stem, f"{stem} {REASONING_REQUEST}", f"{stem} {SHORT_REQUEST}", category, several)


def _broader(category: str) -> str | None:
    return None if category == BROADEST_CATEGORY else english_words().broader.get(category, BROADEST_CATEGORY)


def _words(text: str) -> set[str]:
    return {form for word in re.findall(r"\w+", text.lower()) for form in (word, singular(word))}
