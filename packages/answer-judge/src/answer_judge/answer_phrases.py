"""Cut an answer of a few words out of the text that follows `it is`."""

from __future__ import annotations

import re

from answer_judge.answer_words import (
    AFTER_A_COMMA,
    AFTER_A_NOUN,
    EMPTY_NOUNS,
    LEADS,
    MEASURES,
    MODIFIERS,
    NO_ANSWERS,
    NOUNS_IN_LY,
    PARTICIPLE_NOUNS,
    PLACES,
    PREDICATES,
)
from answer_judge.normalising import normalise, singular

_END = re.compile(
    r"[.;:!?()\n\[\]{}–—]|\s-\s"
    rf"|,\s*(?=(?:{'|'.join(AFTER_A_COMMA)}|and (?:it|the|is|this|they))\b)"
    rf"|\b(?:{'|'.join(AFTER_A_NOUN)}|and (?:is|it|the|not|has|this|they|are))\b"
)
_SUCH_AS = re.compile(
    r",?\s*(?:such as|like|for example|that is|namely|specifically|possibly|perhaps|probably)\s+(?=(?:an? |the )?[a-z])"
)
_MORE_EXACTLY = re.compile(
    r"(?:, (?:or |and )?| or | and )(?:rather(?! than)|more (?:precisely|specifically|exactly|accurately)"
    r"|to be (?:exact|precise|specific)),? (?=(?:an? |the )?[a-z])"
)
_LEAD = re.compile(rf"^(?:(?:one of the|one|that of|in fact|either of|{'|'.join(LEADS)})\s+)+")
_MEASURE = "|".join(MEASURES)
_PARTITIVE = re.compile(
    r"^(?:(?:small|large|unique|single|particular|certain|different|specific|potential)\s+)?"
    rf"(?:{_MEASURE})s?\s+of\s+(?:(?:an?|the|some|his|her|their)\s+)?"
)
_VIEW = re.compile(
    r"^(?:[a-z-]+ ){0,5}?(?:view|image|picture|photo|photograph|glimpse|depiction|representation) of "
    r"(?:(?:an?|the|some) )?"
)
_VAGUE = re.compile(
    r"\b(?:clothing|equipment|furniture|arrangement|device|source|technology|type|kind|item|object|piece|vehicle|animal"
    r"|tool|utensil|structure|container|food|fruit|vegetable|person|place|building|appliance|instrument)s?\s*$"
)
_PLACE_AREA = re.compile(rf"(?P<place>(?:.* )?(?:{'|'.join(PLACES)})) (?:area|setting|environment|space|scene)")
_NAMED = re.compile(r"(?:an?|the|some|his|her|their|another|one of|either)\s|[a-z-]+[.!?]?$")
_DOING = re.compile(
    r"(?P<verb>[a-z]{2,}ing) (?:an?|the|its|his|her|their|to|at|in|on|for|with|from|into|up|down|by|towards?)\b"
)
_ARTICLE = re.compile(r"(?:an?|the|some|another|his|her|their)\s")
_ARTICLE_AND_VEIL = re.compile(
    r"^(?P<article>(?:an?|the|some) )(?P<adverb>[a-z]+ly )?"
    r"(?P<hidden>(?:occluded|obscured|obstructed|hidden|covered|blocked|blurred|blurry|visible) )?(?=[a-z])"
)
_BETWEEN = re.compile(r"\s*,?\s+n?or\s+|\s*,\s*(?:or\s+)?|\s*/\s*")
_ALTERNATIVES = re.compile(r"\bor\b|/")
_MOST_WORDS, _MOST_ALTERNATIVES = 6, 8


def answer_phrase(rest: str, *, needs_article: bool = False, is_firm: bool = False) -> str:
    """Return the noun phrase that a text begins with, alternatives joined by commas; empty if there is none.

    `needs_article`: only a phrase with an article, or a lone word, counts. `is_firm`: a second phrase with an article
    and no `or` says more about the first and is no alternative to it.

    >>> answer_phrase("a cup or a mug, as it stands on the table")
    'cup, mug'
    >>> answer_phrase("a dog, a poodle", is_firm=True)
    'dog'
    >>> answer_phrase("difficult to say")
    ''
    """
    rest = rest.strip(" ,'([{")
    doing = _DOING.match(rest)
    if (needs_article and not _NAMED.match(rest)) or (doing and doing["verb"] not in PARTICIPLE_NOUNS):
        return ""
    rest = _named_at_last(rest)
    found = _phrases(rest)
    is_apposition = is_firm and re.search(r",\s*(?:an?|the)\s", _cut(rest)) and not _ALTERNATIVES.search(_cut(rest))
    return found[0] if found and is_apposition else ", ".join(found)


def _named_at_last(rest: str) -> str:
    """`a piece of furniture, such as a chair` -> `a chair`; `a cat, or rather a lion` -> `a lion`."""
    example = _SUCH_AS.search(rest)
    if example and _VAGUE.search(rest[: example.start()]):
        return rest[example.end() :]
    exactly = _MORE_EXACTLY.search(rest)
    return rest[exactly.end() :] if exactly and not re.search(r"[.;:]", rest[: exactly.start()]) else rest


def _phrases(rest: str) -> list[str]:
    has_article = bool(_ARTICLE.match(rest))
    rest = _ARTICLE_AND_VEIL.sub(_without_veil, rest)
    rest = _VIEW.sub("", _PARTITIVE.sub("", _LEAD.sub("", rest)))
    parts = _BETWEEN.split(_cut(rest), maxsplit=_MOST_ALTERNATIVES)[:_MOST_ALTERNATIVES]
    found: dict[str, str] = {}
    for part in _with_shared_noun(parts):
        phrase = _trimmed(part)
        if not _is_answer(phrase, has_article=has_article or bool(_ARTICLE.match(part))):
            break
        found.setdefault(normalise(phrase), phrase)
    return list(found.values())


def _without_veil(match: re.Match[str]) -> str:
    return match[0] if (match["adverb"] or "").strip() in NOUNS_IN_LY else match["article"]


def _with_shared_noun(parts: list[str]) -> list[str]:
    """`tennis`, `badminton racket` -> `tennis racket`, `badminton racket`."""
    last = parts[-1].split()
    if len(last) < 2 or not all(part in MODIFIERS for part in parts[:-1]):
        return parts
    return [f"{part} {last[-1]}" for part in parts[:-1]] + parts[-1:]


def _trimmed(part: str) -> str:
    phrase = _LEAD.sub("", _cut(part)).strip(" '-")
    phrase = _LEAD.sub("", _PARTITIVE.sub("", phrase + " ").strip(" '-"))
    area = _PLACE_AREA.fullmatch(phrase)
    return area["place"] if area else phrase


def _cut(text: str) -> str:
    match = _END.search(text)
    text = text[: match.start()].strip() if match else text.strip()
    tokens = text.split()
    ends = [index for index, token in enumerate(tokens) if index and _is_participle(token)]
    text = " ".join(tokens[: ends[0]]) if ends and not _is_participle(tokens[0]) else text
    return re.sub(r"[\s,]+(?:or|and|of)$", "", text)


def _is_participle(token: str) -> bool:
    token = token.strip(",'-")
    return len(token) > 4 and token.endswith(("ing", "ed")) and token not in PARTICIPLE_NOUNS


def _is_answer(phrase: str, *, has_article: bool) -> bool:
    tokens = phrase.split()
    if not tokens or len(tokens) > _MOST_WORDS or tokens[0] in NO_ANSWERS or PREDICATES.issuperset(tokens):
        return False
    if tokens[0].endswith("ly") and tokens[0] not in NOUNS_IN_LY:
        return False
    if (
        _is_participle(tokens[0])
        and not (has_article and len(tokens) > 1)
        and (len(tokens) > 1 or tokens[0].endswith("ed"))
    ):
        return False
    return {tokens[-1], singular(tokens[-1])}.isdisjoint(EMPTY_NOUNS) and any(char.isalnum() for char in phrase)
