"""The things that captions of one image name: what a detector is asked to find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from code_caption.errors import SettingsError
from code_caption.words.names import MOST_CHARACTERS, is_name, normal_name, require_several
from code_caption.words.noun_phrases import ExtractNounPhrases, NounPhrase, extracted, name_of
from code_caption.words.word_lists import HYPERNYMS, STOP_WORDS


@dataclass(frozen=True)
class Dropped:
    """A name that the detector is not asked for."""

    name: str
    """The name; what is no text (`not_text`) is escaped, and cut where it is too long."""
    reason: str
    """`stop_word`, `generic`, `over_cap` or `not_text`."""


@dataclass(frozen=True)
class Concepts:
    """The things that captions name; both lists begin with what most captions name."""

    names: tuple[str, ...]
    """Nouns in the singular and in lower case, each once; adjectives are no part of them, compounds are."""
    dropped: tuple[Dropped, ...]
    """What was named too, each with the reason."""


def find_concepts(
    captions: Sequence[str],
    extract: ExtractNounPhrases,
    *,
    most: int = 40,
    hypernyms: Mapping[str, Collection[str]] = HYPERNYMS,
    stop_words: Collection[str] = STOP_WORDS,
) -> Concepts:
    """Find what to look for in an image from several captions of it.

    Names stand in order of the number of captions that hold them, most first, then of their first mention. Dropped is,
    in this order: what is no text (control characters, no letter, more than 60 characters), stop words, a generic
    word where one of its members is left (`sports car` is a `car`), and what is beyond `most`.

    Args:
        captions: captions of one image.
        extract: finds their noun phrases; called once.
        most: names to keep; detectors read a limited text.
        hypernyms: generic word to its members, each in any number and case; `{}` for none.
        stop_words: words that are no thing, in any number and case; a compound with one in it stays.

    Raises:
        SettingsError: `most` is below 1, one text stands where several must, or `extract` returned too few or too many
            lists.

    Source: World to Code (arXiv 2409.20424), visual concepts; 40 names and both lists follow the authors' code in kind,
        not in wording. It cuts an unordered set at 40; here the order is fixed.
    """
    if most < 1:
        raise SettingsError("most", f"most must be at least 1 name; got {most}.")
    require_several("stop_words", stop_words)
    named = _ranked(extracted(captions, extract))
    reasons = {name: "not_text" for name in named if not is_name(name)}
    stops = {normal_name(word) for word in stop_words}
    reasons |= {name: "stop_word" for name in named if name not in reasons and name in stops}
    left = [name for name in named if name not in reasons]
    reasons |= dict.fromkeys(_generic(left, hypernyms), "generic")
    left = [name for name in left if name not in reasons]
    reasons |= dict.fromkeys(left[most:], "over_cap")
    return Concepts(tuple(left[:most]), tuple(Dropped(name, reasons[name]) for name in named if name in reasons))


def _ranked(nouns: Sequence[Sequence[NounPhrase]]) -> list[str]:
    """Each name once; sorting and counting keep the order of first mention."""
    captions_with = Counter(name for caption in nouns for name in dict.fromkeys(map(_shown_name, caption)))
    return sorted(captions_with, key=lambda name: -captions_with[name])


def _shown_name(noun: NounPhrase) -> str:
    """The name, or for what is no name something that can be shown and is none either."""
    raw = " ".join(noun.head.split())
    name = name_of(noun) if raw.isprintable() else raw.encode("unicode_escape").decode("ascii")
    return (name or raw) if len(name or raw) <= MOST_CHARACTERS else (name or raw)[:MOST_CHARACTERS] + "…"


def _generic(names: Sequence[str], hypernyms: Mapping[str, Collection[str]]) -> list[str]:
    """The names that stand for another one."""
    members_of: dict[str, set[str]] = {}
    for generic, members in hypernyms.items():
        require_several("hypernyms", members)
        members_of.setdefault(normal_name(generic), set()).update(map(normal_name, members))
    known = set[str]().union(*members_of.values())
    # A compound is the kind of thing that its last word says, unless the table knows it: a hot dog is no dog.
    kinds = {name if name in known else name.rpartition(" ")[2] for name in names}
    return [name for name in names if (members_of.get(name, set()) - {name}) & kinds]
