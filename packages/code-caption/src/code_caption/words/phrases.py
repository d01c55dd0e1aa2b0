"""The visible claims of a caption: its noun phrases with their adjectives, to be asked about one by one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from code_caption.words.names import mentions_among, names_one_of, normal_name, require_several, spelling, words
from code_caption.words.noun_phrases import ExtractNounPhrases, NounPhrase, extracted, name_of
from code_caption.words.nouns import plural, singular
from code_caption.words.word_lists import DETERMINERS, STOP_WORDS

_JOINS = frozenset({"and", "or", "but", "very"})
_SEVERAL = frozenset({"two", "three", "four", "five", "six", "several", "both", "many", "multiple"})


def phrases_of(
    texts: Sequence[str],
    extract: ExtractNounPhrases,
    *,
    vocabulary: Collection[str] | None = None,
    stop_words: Collection[str] = STOP_WORDS,
) -> list[tuple[str, ...]]:
    """The noun phrases of each text, in lower case with their adjectives, each once a text, in order of mention.

    Articles, owners and numbers before them are cut.

    Args:
        texts: candidate captions.
        extract: finds their noun phrases; called once for all.
        vocabulary: names of visible things, such as the classes of a data set (`bow_(weapon)`, `Cabinet/shelf`). If
            given, a phrase must hold one of them, in any number and case.
        stop_words: nouns that are no thing, in any number and case; a phrase around one is no claim.

    Raises:
        SettingsError: one text stands where several must, or `extract` returned too few or too many lists.

    Source: World to Code (arXiv 2409.20424), questions about captions. The authors' code compares single words with the
        vocabulary as it is written, so names of several words, with underscores or brackets match nothing; here they
        do.
    """
    require_several("stop_words", stop_words)
    stops = {normal_name(word) for word in stop_words}
    spellings = None if vocabulary is None else _spellings(vocabulary)
    return [_claims(nouns, stops, spellings) for nouns in extracted(texts, extract)]


@lru_cache(maxsize=1 << 14)  # captions are compared with the same names in every round of questions
def mentions(caption: str, name: str) -> bool:
    """Whether a caption names a thing: in any number and case, written apart, hyphened or together.

    Only whole words count. A word of a compound counts too: nothing here tells `dog` in `dog house` from `dog` in
    `guide dog`. A name without a letter or digit is named nowhere.

    >>> mentions("Two fire-trucks near a cart", "firetruck"), mentions("Two fire-trucks near a cart", "car")
    (True, False)
    """
    wanted = spelling(name)
    return bool(wanted) and names_one_of(caption, (wanted,))


def mentions_several(caption: str, name: str) -> bool:
    """Whether a caption names more than one thing of a name: in the plural, or more than once.

    Of a name whose plural is written as its singular, one mention beside a number counts too.

    >>> [mentions_several(text, "dog") for text in ("Two dogs.", "A dog beside another dog.", "A dog on a rug.")]
    [True, True, False]
    >>> mentions_several("Two sheep on a hill.", "sheep"), mentions_several("A sheep on a hill.", "sheep")
    (True, False)
    """
    wanted = spelling(name)
    written = [mention for _, mention in mentions_among(caption, (wanted,))] if wanted else []
    if len(written) > 1 or any(singular(mention) != mention for mention in written):
        return True
    return any(plural(mention) == mention for mention in written) and not _SEVERAL.isdisjoint(words(caption))


def split_attributes(phrase: str, head: str) -> tuple[str, ...]:
    """The words of a phrase that say how a thing looks, in order, each once; none if the phrase is about another thing.

    It is about the thing if it ends in its name, in any number and case.

    >>> split_attributes("a red and wooden chair", "chair"), split_attributes("red chair leg", "chair")
    (('red', 'wooden'), ())
    """
    wanted = spelling(head)
    for of_phrase in (words(phrase), words(phrase.replace("-", " "))):
        for start in range(len(of_phrase)):
            if spelling(" ".join(of_phrase[start:])) == wanted:
                modifiers = _without_leading(of_phrase[:start])
                return tuple(dict.fromkeys(word for word in modifiers if word not in _JOINS))
    return ()


def _claims(nouns: Sequence[NounPhrase], stops: Collection[str], spellings: Collection[str] | None) -> tuple[str, ...]:
    things = [noun for noun in nouns if (name := name_of(noun)) and name not in stops]
    claims = dict.fromkeys(" ".join(_without_leading(words(noun.phrase), len(words(noun.head)))) for noun in things)
    return tuple(claim for claim in claims if spellings is None or names_one_of(claim, spellings))


def _without_leading(of_phrase: tuple[str, ...], kept: int = 0) -> tuple[str, ...]:
    """A phrase without its first words that say nothing of looks; the last `kept` words stay whatever they are."""
    start = 0
    while start < len(of_phrase) - kept and _says_nothing(of_phrase[start]):
        start += 1
    return of_phrase[start:]


def _says_nothing(word: str) -> bool:
    return word in DETERMINERS or word.endswith("'s") or word.isdigit()


def _spellings(vocabulary: Collection[str]) -> frozenset[str]:
    """Names to compare by; classes that list several names (`Cabinet/shelf`) are taken apart."""
    require_several("vocabulary", vocabulary)
    names = (name for entry in vocabulary for name in re.split(r"[/;,]", entry))
    return frozenset(map(spelling, names)) - {""}
