"""Do two short noun phrases name the same kind of thing, or only look as if they did?"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from answer_judge.normalising import words

_COLORS_WORDS = """
black white red green blue yellow orange purple pink brown gray silver golden beige
"""
_COLORS = frozenset(_COLORS_WORDS.split())
_OPEN_WORDS = """
big small large little tiny huge massive tall short long wide old young new adult baby round square flat wooden
metal plastic glass colorful bright dark dirty clean wet dry broken empty full several multiple many various other
typical regular single common similar certain particular unique human professional male female urban busy public
partially hidden beautiful colored heavy light striped blurry distant nearby 1 2 3 4 5 6 7 8 9 10
"""
_OPEN = _COLORS | frozenset(_OPEN_WORDS.split())
_PRIVATIVE_WORDS = """
toy fake model stuffed imaginary artificial former rubber inflatable miniature pretend mock cartoon lego origami
virtual sculpted painted drawn dead non pseudo chocolate gingerbread paper
"""
_PRIVATIVE = frozenset(_PRIVATIVE_WORDS.split())
_OTHER_THINGS = {
    "hot dog", "corn dog", "prairie dog", "teddy bear", "sea lion", "sea horse", "rocking horse", "hobby horse",
    "guinea pig",
    "star fish", "jelly fish", "cray fish", "computer mouse", "baseball bat", "snow man", "bean bag", "egg plant",
}  # fmt: skip
_NEGATIONS_WORDS = """
not no never neither nor non without cannot hardly isn't aren't wasn't don't doesn't can't nothing none
"""
_NEGATIONS = frozenset(_NEGATIONS_WORDS.split())
_OPPOSITES = [
    {"left", "right"}, {"man", "woman"}, {"boy", "girl"}, {"open", "closed"}, {"day", "night"}, {"top", "bottom"},
    {"up", "down"}, {"front", "back"}, {"north", "south", "east", "west"}, {"hot", "cold"}, {"summer", "winter"},
    {"male", "female"}, {"indoor", "outdoor"}, {"inside", "outside"}, {"empty", "full"}, {"bride", "groom"},
    {"king", "queen"}, {"brother", "sister"}, {"mother", "father"}, {"son", "daughter"}, {"upper", "lower"},
    {"morning", "evening", "afternoon"}, {"sunrise", "sunset"}, {"old", "young", "new"}, {"big", "small"}, _COLORS,
]  # fmt: skip
_AFTER_HEAD = re.compile(
    r"\s(?:in|on|at|with|of|by|near|under|over|behind|beside|from|for|to|inside|next|that|which|who|wearing|holding|riding|playing"
    r"|sitting|standing)\s"
)
_MEASURES = re.compile(
    r"^(?:an?|the|some|one|two)?\s*(?:pair|set|group|bunch|piece|slice|kind|type|sort|couple|collection|pile|row"
    r"|plate|bowl|glass|cup|flock|herd|team)s?"
    r"\s+of\s+",
    re.IGNORECASE,
)
_MOST_EXTRA_WORDS = 4
_MOST_NAMING_WORDS = 1
"""`tennis` in `small tennis racket`; several would let a list without commas pass."""


def head_phrase(phrase: str) -> str:
    """Return a noun phrase without measure words before it and prepositional phrases after it.

    >>> head_phrase("a pair of scissors on the table")
    'scissors'
    """
    phrase = _MEASURES.sub("", phrase.strip())
    after = _AFTER_HEAD.search(phrase)
    return phrase[: after.start()] if after else phrase


def is_a_kind_of(answer: str, wanted: str) -> float:
    """Return how much of two normalised phrases is shared if the answer is the wanted thing, else 0.

    The head nouns must be equal. The answer may say more about the thing; it may say less only where open words
    (size, colour, age, number) are missing.

    >>> [is_a_kind_of(answer, "racket") for answer in ("tennis racket", "racket case")]
    [0.5, 0.0]
    """
    said, asked = answer.split(), wanted.split()
    if not said or not asked or said[-1] != asked[-1]:
        return 0.0
    if _is_subsequence(asked, said):
        extra = Counter(said) - Counter(asked)
        naming = set(extra) - _OPEN - {"and"}
        may = len(naming) <= (0 if "and" in extra else _MOST_NAMING_WORDS) and extra.total() <= _MOST_EXTRA_WORDS
        may = may and not _becomes_another(said, asked)
    else:
        missing = set(asked) - set(said)
        may = _is_subsequence(said, asked) and missing <= _OPEN - _COLORS
    return min(len(said), len(asked)) / max(len(said), len(asked)) if may else 0.0


def objection(answer: str, wanted: str) -> str:
    """Return why an answer is wrong however similar it looks; empty if nothing is held against it."""
    said, asked = answer.split(), wanted.split()
    denied = (_NEGATIONS & (set(words(answer)) | set(said))) - set(asked)
    if denied:
        return f"negated: {sorted(denied)[0]!r}"
    if sorted(said) == sorted(asked) and said != asked:
        return "the same words in another order"
    for group in _OPPOSITES:
        mine, theirs = group & set(said), group & set(asked)
        if mine and theirs and not mine & theirs:
            return f"{sorted(mine)[0]!r} is not {sorted(theirs)[0]!r}"
    numbers_said, numbers_asked = ([token for token in tokens if token[0].isdigit()] for tokens in (said, asked))
    if numbers_said and numbers_asked and numbers_said != numbers_asked:
        return f"{numbers_said[0]} is not {numbers_asked[0]}"
    mere = (_PRIVATIVE & set(said)) - set(asked)
    if mere and said[-1] == asked[-1]:
        return f"{sorted(mere)[0]!r} makes it another thing"
    return ""


def _is_subsequence(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return all(token in rest for token in short)


def _becomes_another(said: list[str], asked: list[str]) -> bool:
    """`hot dog` is no kind of `dog`."""
    pairs = {" ".join(pair) for pair in pairwise(said)} - {" ".join(pair) for pair in pairwise(asked)}
    return bool(pairs & _OTHER_THINGS)
