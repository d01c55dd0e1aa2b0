"""Which of a list of visible features does a text name?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from answer_judge.content_words import stem
from answer_judge.errors import SelectionError
from answer_judge.label_trie import Found
from answer_judge.label_words import read_words
from answer_judge.negation import ASKED, denials
from answer_judge.noun_groups import Group, Sentence, Token, read_sentences
from answer_judge.word_classes import OPPOSITES

NAMING_SHARE = 0.75
"""Of a concept's content words; so concepts of up to three words must be named in full. Our own choice."""

_NEAR = 60
"""Words before and after a word in which its denial is looked for; more than any cue reaches."""


@dataclass(frozen=True)
class Naming:
    """One concept that a text names."""

    concept: str
    """As given."""
    span: tuple[int, int]
    """From the first of its words in the text to behind the last."""
    how: Literal["all words", "most words"]
    """Whether the text has every content word of it."""


class _Place(NamedTuple):
    sentence: Sentence
    group: int


class _Match(NamedTuple):
    share: float
    sentence: Sentence
    tokens: tuple[Token, ...]


def named_concepts(
    text: str,
    concepts: Iterable[str],
    *,
    share: float = NAMING_SHARE,
    synonyms: Iterable[Iterable[str]] = (),
) -> list[Naming]:
    """Return the concepts that a text names, in their order, each once, with the place that names it best.

    Words are compared without number, spelling and -ed; their order does not matter, but all that describes one thing
    must be said of that thing: `red crown` is not in `red tail and gray crown`. The thing itself is always needed, at
    least `share` of all words, and none may be contradicted (`short` for `long`, another colour). What the text denies
    or asks about is not named; a concept that is itself a denial (`no crest`) is named by a denial. Rules, not grammar:
    they miss paraphrases rather than accept what is not said.

    Args:
        text: any free text in English.
        concepts: phrases of a few words; equal ones count once.
        share: of the concept's content words, in (0, 1].
        synonyms: groups of single words to read as one, such as `("bill", "beak")`.

    >>> [naming.concept for naming in named_concepts("Its beak is long and black.", ["long black beak", "red crown"])]
    ['long black beak']
    >>> named_concepts("A red tail and gray crown, no crest.", ["red crown", "crest"])
    []

    Raises:
        SelectionError: share outside (0, 1], a concept without content words, or a synonym of several words.
    """
    if not 0 < share <= 1:
        raise SelectionError(f"share must be in (0, 1]; got {share}")
    same = {_stem_of(word): _stem_of(group[0]) for group in map(list, synonyms) for word in group}
    places = _places_by_stem(read_sentences(text), same)
    namings: list[Naming] = []
    for concept in dict.fromkeys(concepts):
        best = _best(_matches(concept, places, same, share))
        if best:
            indices = [token.place for token in best.tokens]
            words, start = best.sentence.words, best.sentence.start
            span = (start + words[min(indices)].start, start + words[max(indices)].end)
            namings.append(Naming(concept, span, "all words" if best.share == 1 else "most words"))
    return namings


def _best(matches: Iterator[_Match]) -> _Match | None:
    """The first in full, else the first of the fullest."""
    best = None
    for match in matches:
        if best is None or match.share > best.share:
            best = match
        if best.share == 1:
            break
    return best


def _places_by_stem(sentences: Sequence[Sentence], same: Mapping[str, str]) -> dict[str, list[_Place]]:
    places: dict[str, list[_Place]] = {}
    for sentence in sentences:
        for number, group in enumerate(sentence.groups):
            for name in dict.fromkeys(_name(token, same) for token in group.tokens):
                places.setdefault(name, []).append(_Place(sentence, number))
    return places


def _matches(
    concept: str, places: Mapping[str, list[_Place]], same: Mapping[str, str], share: float
) -> Iterator[_Match]:
    """Yield what names a concept well enough and takes its side."""
    wanted, stance = _read_concept(concept)
    count = sum(len(group.tokens) for group in wanted)
    for sentence, number in places.get(_name(wanted[0].head, same), ()):
        found = _match_group(wanted[0], sentence.groups, number, same)
        if found is None:
            continue
        tokens = [*found, *_match_others(wanted[1:], sentence.groups, number, same)]
        reached = min(len(tokens) / count, 1.0)
        if reached >= share and _stance(sentence, tokens) == stance:
            yield _Match(reached, sentence, tuple(tokens))


@lru_cache(maxsize=65536)
def _read_concept(concept: str) -> tuple[tuple[Group, ...], Literal["claimed", "denied", "asked"]]:
    """The groups of a concept, and whether it denies what it names (`no crest`)."""
    sentences = read_sentences(concept.rstrip("? "))
    groups = tuple(group for sentence in sentences for group in sentence.groups)
    if not groups:
        raise SelectionError(f"a concept needs a word that says something; {concept!r} has none")
    first = next(sentence for sentence in sentences if sentence.groups)
    return groups, _stance(first, [first.groups[0].head])


def _match_group(wanted: Group, groups: Sequence[Group], number: int, same: Mapping[str, str]) -> list[Token] | None:
    """Return the words of a group that a concept's group asks for; None if the thing is another or is contradicted."""
    group = groups[number]
    said = {_name(token, same): token for token in reversed(group.tokens)}
    asked = {_name(token, same): token for token in wanted.tokens}
    head = said.get(_name(wanted.head, same))
    if head is None or _is_part_of_a_compound(head, group, asked, same):
        return None
    missing = [token for name, token in asked.items() if name not in said]
    if _is_contradicted(missing, group):
        return None
    found = [said[name] for name in asked if name in said]
    behind = groups[number + 1] if number + 1 < len(groups) and groups[number + 1].link == "prep" else None
    # `bars on the wing` for `wing bars`
    nouns = [token for token in missing if not token.is_attribute]
    if behind and any(_name(token, same) == _name(behind.head, same) for token in nouns):
        found.append(behind.head)
    return found


def _match_others(
    wanted: Sequence[Group], groups: Sequence[Group], number: int, same: Mapping[str, str]
) -> Iterator[Token]:
    """Yield the words of what a concept's thing stands beside (`on top`), if it stands there in the text too."""
    first = last = number
    for group in wanted:
        if group.link == "and":
            candidates = [place for place in range(len(groups)) if place != number]
        else:
            before = [first - 1] if first and groups[first].link in ("prep", "have", "verb") else []
            after = [last + 1] if last + 1 < len(groups) and groups[last + 1].link in ("prep", "have", "verb") else []
            candidates = [*after, *before]
        for place in [number, *candidates]:
            if found := _match_group(group, groups, place, same):
                first, last = min(first, place), max(last, place)
                yield from found
                break


def _is_part_of_a_compound(head: Token, group: Group, asked: Mapping[str, Token], same: Mapping[str, str]) -> bool:
    """Whether the thing only tells what another is (`white wing bars` for `white wing`)."""
    if head.is_attribute:
        return False
    after = next((token for token in group.tokens if token.place == head.place + 1), None)
    return after is not None and not after.is_attribute and _name(after, same) not in asked


def _is_contradicted(missing: Sequence[Token], group: Group) -> bool:
    said = {token.norm for token in group.tokens}
    numbers = any(word.isdigit() for word in said)
    return any(
        (numbers and token.norm.isdigit()) or any(token.norm in words and words & said for words in OPPOSITES)
        for token in missing
    )


def _stance(sentence: Sentence, tokens: Iterable[Token]) -> Literal["claimed", "denied", "asked"]:
    """What a text makes of a thing and all that it needs."""
    if "?" in sentence.text[sentence.words[-1].end :]:
        return "asked"
    # One by one: a cue denies the first name after it only.
    cues = [_cue(sentence, token.place) for token in tokens]
    return "asked" if ASKED in cues else "denied" if any(cues) else "claimed"


def _cue(sentence: Sentence, place: int) -> str:
    """What denies one word, looked for near it, so that time stays linear in a sentence's length."""
    first = max(0, place - _NEAR)
    words = sentence.words[first : place + _NEAR]
    return denials(sentence.text[: words[-1].end], words, [Found("", place - first, place - first + 1)])[0]


def _name(token: Token, same: Mapping[str, str]) -> str:
    return same.get(token.stem, token.stem)


def _stem_of(synonym: str) -> str:
    words = read_words(synonym)
    if len(words) != 1:
        raise SelectionError(f"synonyms must be single words; got {synonym!r}")
    return stem(words[0].key)
