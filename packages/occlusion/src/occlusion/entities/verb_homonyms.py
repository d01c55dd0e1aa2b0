"""Nouns that are verbs too (`park`, `watch`, `ducks`), told apart by the words around them; no parser needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from occlusion.words.lexicon import english_words
from occlusion.words.nouns import is_plural, singular

if TYPE_CHECKING:
    from spacy.tokens import Doc

_SUBJECTS = frozenset({"he", "she", "it", "they", "we", "i", "you", "who", "which", "that"})
_AUXILIARIES = frozenset(
    {"can", "could", "will", "would", "should", "may", "might", "must", "do", "does", "did", "not", "n't", "cannot"}
)
_OBJECT_STARTS = frozenset(
    {"a", "an", "the", "his", "her", "its", "their", "my", "your", "our", "this", "these", "those", "some", "another"}
    | {"each", "every", "it", "them", "him", "himself", "herself", "themselves", "two", "three", "four", "five"}
)
_TO_A_PLACE = frozenset({"next", "close", "near", "adjacent", "attached", "tied", "connected", "parallel", "up", "due"})
_SINGULAR_DETERMINERS = frozenset({"a", "an", "one", "another", "each", "every", "this"})


def is_verb(doc: Doc, at: int, subject: tuple[int, int] | None) -> bool:
    """Say whether a word that may be a noun is a verb where it stands.

    Args:
        doc: the text.
        at: the token.
        subject: start and end of the noun that touches it on the left; None if there is none.
    """
    word, verbs = doc[at].lower_, english_words().verbs
    if word not in verbs and singular(word) not in verbs:
        return False
    before = doc[at - 1].lower_ if at else ""
    has_object = at + 1 < len(doc) and doc[at + 1].lower_ in _OBJECT_STARTS
    if before == "to":
        return not is_plural(word) and (at < 2 or doc[at - 2].lower_ not in _TO_A_PLACE)
    if before in _AUXILIARIES or before in _SUBJECTS - {"that"} or (before == "that" and is_plural(word)):
        return True
    if subject is not None:
        return _agrees(doc, word, subject, has_object=has_object)
    if before in ("and", "then"):
        return is_plural(word) and has_object
    return has_object and at > 0 and (is_plural(word) or word.endswith("ing")) and _may_be_a_subject(doc, at - 1)


def _agrees(doc: Doc, word: str, subject: tuple[int, int], *, has_object: bool) -> bool:
    """Say whether a noun and the word after it agree like subject and verb: `dogs watch`, `a dog watches`."""
    noun = doc[subject[0] : subject[1]].text
    animate = is_animate(noun)
    if is_plural(noun):
        return not is_plural(word) and not _is_one(doc, subject[0])
    if not is_plural(word):
        return animate and has_object
    return animate or has_object or _is_one(doc, subject[0])


def is_animate(noun: str) -> bool:
    """Say whether a noun is a person or an animal of the built-in lexicon."""
    words = english_words()
    category = words.category_of.get(singular(noun))
    while category is not None and category != "living being":
        category = words.broader.get(category)
    return category is not None


def _is_one(doc: Doc, start: int) -> bool:
    """Say whether a noun phrase opens with `a`, so that no plural can end it: `a dog ducks`, `a kids bike`."""
    while start > 0 and doc[start - 1].lower_ in english_words().modifiers:
        start -= 1
    return start > 0 and doc[start - 1].lower_ in _SINGULAR_DETERMINERS


def _may_be_a_subject(doc: Doc, at: int) -> bool:
    token = doc[at]
    known = token.lower_ in english_words().modifiers or token.lower_ in english_words().quantities
    return token.is_alpha and not known and (not token.is_stop or token.lower_ in ("is", "are"))
