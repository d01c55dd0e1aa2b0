"""A question about what is hidden that tells its kind and number, and never gives it away."""

from __future__ import annotations

from collections.abc import Mapping

from occlusion.errors import OcclusionError
from occlusion.questions.word_families import are_one_family
from occlusion.questions.wording import (
    BROADEST_CATEGORY,
    HIDERS,
    SHORT_REQUEST,
    HiddenBy,
    Question,
    word_question,
    words_of,
)
from occlusion.words.lexicon import default_lexicon, english_words, look_up, thing_of
from occlusion.words.nouns import is_plural

_WORDS_OF_EVERY_QUESTION = words_of(
    " ".join(text for hider in HIDERS.values() for text in (hider.hides, hider.reasoning_request))
    + f" {SHORT_REQUEST} in this image what is it are they a an of piece part group"
)
_FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "this", "one", "of", "in", "on", "and", "or", "with", "is", "it", "then"}
)


def write_question(
    entity_head: str,
    *,
    phrase: str | None = None,
    lexicon: Mapping[str, str] | None = None,
    hidden_by: HiddenBy = "blocks",
) -> Question:
    """Ask for a hidden entity by its category; where the category would tell, by the next broader one.

    Scissors, jeans and the like are one thing; a pair or a group of things is several.

    Args:
        entity_head: noun as the caption has it, in any case and number.
        phrase: the noun with its modifiers: it may change the category (`stuffed bear`), and the category may not
            contain a word of it; words that are in every question (`gray`) are not looked for.
        lexicon: nouns to categories; the built-in one when None. Unknown nouns are objects.
        hidden_by: what the question says that hides the thing.

    Raises:
        OcclusionError: `empty_entity`; `hidden_by`; `question_tells`: every wording would contain a word of the entity.

    >>> write_question("Ducks", lexicon={"duck": "animal"}).stem
    'Gray blocks hide animals in this image. What are they?'
    >>> write_question("umbrella").short
    'Gray blocks hide an object in this image. What is it? Answer with one word or phrase.'
    >>> write_question("bear", phrase="stuffed bear", hidden_by="blur").stem
    'A blurred area hides a toy in this image. What is it?'
    """
    if not words_of(entity_head) - _FUNCTION_WORDS:
        raise OcclusionError("empty_entity", f"entity_head must have a word; got {entity_head!r}.")
    known = default_lexicon() if lexicon is None else lexicon
    category: str | None = look_up(phrase or entity_head, known) or BROADEST_CATEGORY
    while category is not None:
        question = word_question(category, several=is_several(entity_head), hidden_by=hidden_by)
        if not (tells(question, entity_head) or tells_phrase(question, phrase or "")):
            return question
        category = _broader(category)
    raise OcclusionError("question_tells", f"no question can ask for {entity_head!r} without a word of it.")


def tells(question: Question, entity_head: str) -> bool:
    """Say whether a question gives its entity away.

    It does with a word of the entity in any number and case, and with a word derived from one or joined of one
    (`clothing` for clothes, `fish` for a goldfish); the words that all questions have (`gray blocks hide`) count only
    where they are the very same. Articles, prepositions and the like do not count.

    >>> tells(write_question("key"), "gray keys"), tells(write_question("duck"), "hummingbird")
    (True, True)
    """
    asked = words_of(f"{question.reasoning} {question.short}")
    entity = words_of(entity_head) - _FUNCTION_WORDS
    return not entity.isdisjoint(asked) or _are_related(asked - _WORDS_OF_EVERY_QUESTION, entity)


def tells_phrase(question: Question, phrase: str) -> bool:
    """Say whether a question has a word of a phrase beyond those of all questions: `gray` in `gray dog` tells nothing.

    >>> tells_phrase(write_question("dog"), "gray dog"), tells_phrase(write_question("dog"), "animal trainer's dog")
    (False, True)
    """
    asked = words_of(f"{question.reasoning} {question.short}")
    return _are_related(asked - _WORDS_OF_EVERY_QUESTION, words_of(phrase) - _FUNCTION_WORDS)


def is_several(entity_head: str) -> bool:
    """Say whether a noun names several things; of `pair of shoes`, whether the shoes are several.

    >>> is_several("pair of shoes"), is_several("pair of jeans"), is_several("cup of beans")
    (True, False, False)
    """
    return is_plural(entity_head) or is_plural(thing_of(entity_head))


def _are_related(asked: frozenset[str], entity: frozenset[str]) -> bool:
    return any(are_one_family(word, of_entity) for word in asked for of_entity in entity)


def _broader(category: str) -> str | None:
    return None if category == BROADEST_CATEGORY else english_words().broader.get(category, BROADEST_CATEGORY)
