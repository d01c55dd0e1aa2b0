"""What might be in an image under another name, so that nobody can say that it is not there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from code_caption.words.names import names_among, names_one_of, spelling
from code_caption.words.phrases import mentions
from code_caption.words.word_lists import HYPERNYMS


def near_spellings(
    concepts: Collection[str], texts: Sequence[str], hypernyms: Mapping[str, Collection[str]] = HYPERNYMS
) -> frozenset[str]:
    """Spellings of the concepts, and of all that shares a broad word with them or with what the texts name.

    Args:
        concepts: what is there, or was looked for.
        texts: all that was said of the image, the concepts among them.
        hypernyms: broad word to its members, both in the singular.

    >>> near = near_spellings(["dog"], ["dog"])
    >>> "animal" in near, "cat" in near, "kite" in near
    (True, True, False)
    """
    groups = [frozenset(map(spelling, (broad, *members))) for broad, members in hypernyms.items()]
    known = frozenset[str]().union(*groups)
    there = {name for text in texts for name in names_among(text, known)}
    return frozenset(map(spelling, concepts)).union(*(group for group in groups if group & there))


def might_be_there(name: str, texts: Sequence[str], near: Collection[str]) -> bool:
    """Whether texts name it, or it is a kind or a part of what is near (`sports car`, `car wheel` beside a `car`).

    >>> [might_be_there(name, ["sofa"], near_spellings(["sofa"], ["sofa"])) for name in ("couch", "sofa bed", "kite")]
    [True, True, False]
    """
    return names_one_of(name, near) or any(mentions(text, name) for text in texts)
