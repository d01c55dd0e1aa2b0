"""The words of a question: what hides something, of which category, one or several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from occlusion.errors import OcclusionError
from occlusion.words.lexicon import english_words
from occlusion.words.nouns import plural, singular, with_article

HiddenBy = Literal["blocks", "fill", "blur", "pixelate"]
"""What hides the thing in the picture: patches, one filled area, a blur, large pixels."""

REASONING_REQUEST = "Explain what is around the blocks, then give one answer."
"""Asks for a rationale that ends in the answer; of things behind blocks."""

SHORT_REQUEST = "Answer with one word or phrase."
"""Asks for the bare answer."""

BROADEST_CATEGORY = "object"
"""The category of common things, and of all things that the lexicon does not know."""


@dataclass(frozen=True)
class Hider:
    """How a question speaks of what hides the thing."""

    hides: str
    """Subject and verb (`Gray blocks hide`)."""

    area: str
    """The same thing to look around (`the blocks`)."""

    @property
    def reasoning_request(self) -> str:
        """Asks for a rationale that ends in the answer."""
        return f"Explain what is around {self.area}, then give one answer."


HIDERS: MappingProxyType[str, Hider] = MappingProxyType(
    {
        "blocks": Hider("Gray blocks hide", "the blocks"),
        "fill": Hider("A blank area hides", "the blank area"),
        "blur": Hider("A blurred area hides", "the blurred area"),
        "pixelate": Hider("A pixelated area hides", "the pixelated area"),
    }
)
"""The wording for each way of hiding."""


@dataclass(frozen=True)
class Question:
    """What to ask about a hidden thing."""

    stem: str
    """Says that something of a category is hidden, and by what, and asks what it is."""

    reasoning: str
    """The stem with the request to explain first."""

    short: str
    """The stem with the request for the bare answer."""

    category: str
    """The category named, in the singular."""

    plural: bool
    """Several things are hidden."""

    written_by: Literal["rules", "llm"] = "rules"
    """Who worded the stem."""

    llm_refusal: str = ""
    """Why the rules wrote it although a language model was asked: the reason for which its reply was refused."""


def hider_of(hidden_by: str) -> Hider:
    """Return the wording for a way of hiding.

    Raises:
        OcclusionError: `hidden_by`: there is no such way.
    """
    if hidden_by not in HIDERS:
        raise OcclusionError("hidden_by", f"hidden_by must be one of {', '.join(HIDERS)}; got {hidden_by!r}.")
    return HIDERS[hidden_by]


def word_question(category: str, *, several: bool, hidden_by: HiddenBy = "blocks") -> Question:
    """Ask for one or several hidden things of a category; `food` and the like are not counted.

    >>> word_question("piece of furniture", several=True, hidden_by="blur").stem
    'A blurred area hides pieces of furniture in this image. What are they?'
    """
    hider = hider_of(hidden_by)
    if category in english_words().mass_categories:
        stem = f"{hider.hides} {category} in this image. What is it?"
    elif several:
        stem = f"{hider.hides} {plural(category)} in this image. What are they?"
    else:
        stem = f"{hider.hides} {with_article(category)} in this image. What is it?"
    return with_requests(stem, category, several=several, hidden_by=hidden_by)


def with_requests(
    stem: str, category: str, *, several: bool, hidden_by: HiddenBy, written_by: Literal["rules", "llm"] = "rules"
) -> Question:
    """Make a question of its stem, whoever wrote it."""
    requests = hider_of(hidden_by).reasoning_request, SHORT_REQUEST
    reasoning, short = (f"{stem} {request}" for request in requests)
    return Question(stem, reasoning, short, category, several, written_by)


@lru_cache(maxsize=10_000)
def words_of(text: str) -> frozenset[str]:
    """Return the words of a text in lower case, each also in the singular.

    >>> sorted(words_of("Gray keys"))
    ['gray', 'key', 'keys']
    """
    return frozenset(form for word in re.findall(r"\w+", text.lower()) for form in (word, singular(word)))
