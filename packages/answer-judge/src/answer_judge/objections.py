"""What speaks against an answer however much it resembles the reference."""

from __future__ import annotations

from itertools import pairwise

from answer_judge.heads import claim_of, head_phrase, without_lead
from answer_judge.likeness import figure_word
from answer_judge.lists import in_any_order, split_list
from answer_judge.normalising import normalise, words
from answer_judge.word_classes import COLORS, NEGATIONS, OPEN, OPPOSITES, OTHER_THINGS

_DENYING = """
anything but, instead of, rather than, other than, no longer, far from, absence of, lack of, opposed to, but is,
but it's, ruled out, free of, nothing like
"""
_DENYING_PHRASES = tuple(tuple(phrase.split()) for phrase in _DENYING.split(","))
_SYMMETRIC = {
    "and",
    "or",
    "with",
    "beside",
    "near",
    "next",
    "by",
    "of",
    "same",
    "equal",
    "facing",
    "versus",
    "vs",
    "meeting",
    "between",
}
_FIGURES = {
    "statue",
    "picture",
    "photo",
    "painting",
    "drawing",
    "toy",
    "figurine",
    "sculpture",
    "replica",
    "poster",
    "shadow",
    "sticker",
}


def objection(answer: str, reference: str, said: list[str], asked: list[str]) -> str:
    """Return why an answer is wrong however similar it looks; empty if nothing is held against it.

    `said` and `asked` are the canonical words of what the answer asserts and of the reference.

    >>> objection("not a dog", "dog", ["not", "dog"], ["dog"])
    "negated: 'not'"
    """
    return (
        _denial(answer, reference, said, asked)
        or _another_order(said, asked)
        or _opposite(said, asked)
        or _other_number(said, asked)
        or _figure(answer, reference, said, asked)
    )


def _denial(answer: str, reference: str, said: list[str], asked: list[str]) -> str:
    claim = claim_of(answer)
    spoken, wanted = words(without_lead(claim.asserted)), words(reference)
    denied = (NEGATIONS & set(spoken)) - set(wanted) - set(asked)
    pairs = set(pairwise(spoken)) - set(pairwise(wanted))
    phrase = next((pair for pair in _DENYING_PHRASES if pair in pairs), None)
    if denied or phrase:
        return f"negated: {sorted(denied)[0] if denied else ' '.join(phrase or ())!r}"
    if claim.denied and set(wanted) & set(words(claim.denied)) - set(spoken) - OPEN - {"a", "an", "the"}:
        return f"denies {claim.denied!r}"
    missing = (NEGATIONS & set(wanted)) - set(spoken) - set(said)
    if missing and not NEGATIONS & set(spoken):
        return f"the reference is negated: {sorted(missing)[0]!r}"
    return ""


def _another_order(said: list[str], asked: list[str]) -> str:
    if said == asked:
        return ""
    if sorted(said) == sorted(asked):
        return "" if in_any_order(said) == in_any_order(asked) else "the same words in another order"
    for at, word in enumerate(asked):
        if word in _SYMMETRIC or word in OPEN or not 0 < at < len(asked) - 1 or said.count(word) != 1:
            continue
        place = said.index(word)
        first, last = set(asked[:at]) - OPEN, set(asked[at + 1 :]) - OPEN
        if first & set(said[place + 1 :]) and last & set(said[:place]) and not first & last:
            return f"the words before and after {word!r} change places"
    return ""


def _opposite(said: list[str], asked: list[str]) -> str:
    mine_all, theirs_all = set(said), set(asked)
    colors, wanted_colors = mine_all & COLORS, theirs_all & COLORS
    if colors and wanted_colors - colors:
        return f"{' and '.join(sorted(colors))!r} is not {' and '.join(sorted(wanted_colors))!r}"
    for group in OPPOSITES:
        mine, theirs = group & mine_all, group & theirs_all
        if mine and theirs and not mine & theirs and not _seen_from_the_other_side(said, asked, group):
            return f"{sorted(mine)[0]!r} is not {sorted(theirs)[0]!r}"
    return ""


def _seen_from_the_other_side(said: list[str], asked: list[str], group: frozenset[str]) -> bool:
    """`dog right of cat` is `cat left of dog`: opposite words and changed places together are no objection."""
    rest, rest_asked = ([word for word in tokens if word not in group] for tokens in (said, asked))
    return len(rest) > 1 and rest != rest_asked and sorted(rest) == sorted(rest_asked)


def _other_number(said: list[str], asked: list[str]) -> str:
    mine, theirs = ([token for token in tokens if token[0].isdigit()] for tokens in (said, asked))
    return f"{mine[0]} is not {theirs[0]}" if mine and theirs and mine != theirs else ""


def _figure(answer: str, reference: str, said: list[str], asked: list[str]) -> str:
    word = figure_word(said, asked) or figure_word(normalise(answer).split(), normalise(reference).split())
    if word:
        return f"{word!r} makes it another thing"
    another = pairs_of(said) & OTHER_THINGS
    if another and said[-1] == asked[-1] and not pairs_of(asked) & OTHER_THINGS:
        return f"{sorted(another)[0]!r} is another thing"
    head = words(head_phrase(answer))[-1:] if len(split_list(answer)) == 1 else []
    made = set(head) & _FIGURES - set(asked)
    return f"a {head[0]} of it is another thing" if made and set(asked) & set(said) else ""


def pairs_of(tokens: list[str]) -> set[str]:
    """Return the neighbours among tokens, each pair as one string.

    >>> sorted(pairs_of(["small", "hot", "dog"]))
    ['hot dog', 'small hot']
    """
    return {" ".join(pair) for pair in pairwise(tokens)}
