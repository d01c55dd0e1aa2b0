"""Do two short noun phrases name the same kind of thing?"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from answer_judge.kinds import KindTable
from answer_judge.word_classes import COLORS, FRAGILE, LIVING, MATERIALS, OPEN, OTHER_THINGS, PRIVATIVE, VEHICLES

_MOST_EXTRA_WORDS = 5
_MOST_NAMING_WORDS = 1
"""`tennis` in `small tennis racket`; several would let a list without commas pass."""
_SHADES = {"light", "dark", "bright", "pale", "deep", "navy", "sky", "royal", "lime", "olive", "colored"}


def is_a_kind_of(answer: str, wanted: str, kinds: KindTable | None = None) -> float:
    """Return how much of two canonical phrases is shared if the answer is the wanted thing, else 0.

    The head nouns must be equal, or the answer's a kind of the wanted one. The answer may say more about the thing; it
    may say less only where open words (size, age, number) are missing.

    >>> [is_a_kind_of(answer, "racket") for answer in ("tennis racket", "racket case")]
    [0.5, 0.0]
    """
    said, asked = answer.split(), wanted.split()
    if not said or not asked:
        return 0.0
    if said[-1] != asked[-1]:
        by_color = said[-1] == "colored" and said[-2:-1] == asked
        return 0.5 if by_color or (kinds and _is_named_kind(said, wanted, kinds)) else 0.0
    if _is_subsequence(asked, said):
        may = _may_say_more(said, asked, kinds)
    else:
        may = _is_subsequence(said, asked) and set(asked) - set(said) <= OPEN - COLORS
    return min(len(said), len(asked)) / max(len(said), len(asked)) if may else 0.0


def _may_say_more(said: list[str], asked: list[str], kinds: KindTable | None) -> bool:
    extra = Counter(said) - Counter(asked)
    if len(asked) == 1 and asked[0] in COLORS:
        return set(extra) <= _SHADES
    naming = set(extra) - OPEN - {"and"}
    most_naming = 0 if "and" in extra else _MOST_NAMING_WORDS
    may = len(naming) <= most_naming and extra.total() <= _MOST_EXTRA_WORDS and not _becomes_another(said, asked)
    return may and not any(kinds and are_siblings(word, asked[-1], kinds) for word in naming)


def _is_named_kind(said: list[str], wanted: str, kinds: KindTable) -> bool:
    """`golden retriever puppy` is a dog; `cat poodle` names two things."""
    head = kinds.head_of(said)
    if not head or wanted not in kinds.above(head):
        return False
    before = said[: len(said) - len(head.split())]
    naming = [word for word in before if word not in OPEN]
    named_kind = not naming or wanted in kinds.above(" ".join(before)) or naming == [wanted]
    return named_kind and not (set(before) & PRIVATIVE)


def are_siblings(word: str, head: str, kinds: KindTable) -> bool:
    """Whether two names stand beside each other under a third: `apple banana` is a list, `apple fruit` is not.

    >>> from answer_judge.aliases import AliasTable
    >>> [are_siblings(word, "apple", KindTable(AliasTable())) for word in ("banana", "fruit", "red")]
    [True, False, False]
    """
    above, over = kinds.above(word), kinds.above(head)
    return word == head or bool(above & over and word not in over and head not in above)


def _is_subsequence(short: list[str], long: list[str]) -> bool:
    rest = iter(long)
    return all(token in rest for token in short)


def _becomes_another(said: list[str], asked: list[str]) -> bool:
    """`hot dog` is no kind of `dog`."""
    pairs = {" ".join(pair) for pair in pairwise(said)} - {" ".join(pair) for pair in pairwise(asked)}
    return bool(pairs & OTHER_THINGS)


def figure_word(said: list[str], asked: list[str]) -> str:
    """Return the word that makes an answer a figure of the thing it names; empty if none does.

    >>> [figure_word(said.split(), said.split()[1:]) for said in ("toy car", "stone lion", "stone bridge")]
    ['toy', 'stone', '']
    """
    extra = [word for word in said if word not in asked]
    if not said or not asked or said[-1] != asked[-1]:
        return ""
    head = said[-1]
    unreal = (
        word
        for word in extra
        if word in PRIVATIVE or (head in LIVING and word in MATERIALS) or (head in VEHICLES and word in FRAGILE)
    )
    return next(unreal, "")
