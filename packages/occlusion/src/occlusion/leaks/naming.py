"""Does a text name an entity, in any number, case and way of joining words?"""

from __future__ import annotations

import re
import unicodedata

from occlusion.words.nouns import singular

_EMPTY_WORDS = frozenset({"a", "an", "the", "of", "in", "on", "with", "and", "or", "for", "to"})
_MOST_JOINED = 3


def words_in_common(text: str, entity_head: str) -> tuple[str, ...]:
    """Return the words of an entity that a text holds, in the singular and sorted; file names are texts too.

    Any word of a compound counts, and so does the compound joined or split.

    >>> words_in_common("COCO_0042-Fire_Hydrants.png", "fire hydrant")
    ('fire', 'firehydrant', 'hydrant')
    >>> words_in_common("snowBoard.png", "snowboards"), words_in_common("location.png", "cat")
    (('snowboard',), ())
    """
    parts = [word for word in _words(entity_head) if word not in _EMPTY_WORDS]
    whole = singular("".join(parts))
    wanted = {singular(part) for part in parts} | ({whole} if len(parts) > 1 else set[str]())
    words = _words(text)
    said = {singular("".join(words[at : at + n])) for n in range(1, _MOST_JOINED + 1) for at in range(len(words))}
    # A compound may be written into a longer word; a simple noun would be found in words that have nothing of it.
    inside = {whole} if len(parts) > 1 and any(whole in word for word in words) else set[str]()
    return tuple(sorted(wanted & said | inside))


def holds_sentence(text: str, sentence: str) -> bool:
    """Say whether a text holds all words of a sentence, in a row.

    >>> holds_sentence("Title: A duck, on a pond!", "a duck on a pond")
    True
    """
    wanted = " ".join(_words(sentence))
    return bool(wanted) and f" {wanted} " in f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    # Camel case first, while there still are capitals.
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", spaced).casefold())
