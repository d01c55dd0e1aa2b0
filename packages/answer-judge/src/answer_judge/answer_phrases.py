"""Cut an answer of a few words out of the text that follows `it is`."""

from __future__ import annotations

import re

_AFTER_A_COMMA = """
as because since so given due which that who whose where based considering but while although though with for in
on used likely made located possibly suggested indicated it this they the there commonly typically providing
creating showing especially particularly not rather however covered partially just even if when along potentially
perhaps maybe leading supporting
"""
_AFTER_A_NOUN = """
as because since given due which that who whom whose where based considering but while although though than rather
instead in on at with without behind under near next from for by to into over above below between beside inside
within among around through during after before is are was were has have had can could may might would will being
used located covered placed standing sitting wearing holding riding taking drinking obscured occluded hidden
surrounded filled seen shown when if it itself themselves himself herself they we i he she you like such present
positioned making responsible heavily currently already together alone further indicates suggests partially
potentially possibly perhaps maybe commonly typically often
"""
_END = re.compile(
    r"[.;:!?()\n\[\]{}–—]|\s-\s"
    rf"|,\s*(?=(?:{'|'.join(_AFTER_A_COMMA.split())}|and (?:it|the|is|this|they))\b)"
    rf"|\b(?:{'|'.join(_AFTER_A_NOUN.split())}|and (?:is|it|the|not|has|this|they|are))\b"
)
_SUCH_AS = re.compile(
    r",?\s*(?:such as|like|for example|e\.g\.|namely|specifically|possibly|perhaps|probably)\s+(?=(?:an? |the )?[a-z])"
)
_LEAD_WORDS = """
a an the some another his her their its my our this these those either both just simply only also really actually
likely probably most more possibly potentially indeed be of
"""
_LEAD = re.compile(rf"^(?:(?:one of the|one|that of|in fact|either of|{'|'.join(_LEAD_WORDS.split())})\s+)+")
_MEASURES = """
kind type sort form piece part portion image picture photo photograph view example variety cluster slice set pair
group bunch couple collection pile stack row number opening section case instance
"""
_PARTITIVE = re.compile(
    r"^(?:(?:small|large|unique|single|particular|certain|different|specific|potential)\s+)?"
    rf"(?:{'|'.join(_MEASURES.split())})s?\s+of\s+(?:(?:an?|the|some|his|her|their)\s+)?"
)
_NO_ANSWER_WORDS = """
drawn reached shown given taken not no none never impossible unclear unknown uncertain difficult hard challenging
important possible necessary essential due because based heavily partially fully completely mostly likely unlikely
plausible reasonable common commonly also that what which there here clear worth crucial safe still so very too
quite in on at by from for with to being made used covered hidden occluded obscured blocked visible supported
determined deduced suggested often usually typically placed located associated surrounded able unable sure certain
evident obvious apparent considered seen shown only just more less most anything something nothing everything
someone somebody it this they these those as if when while where how why who whose and or but however helpful
logical natural logically difficult present absent inferred assumed concluded identified known playing holding
standing sitting wearing designed intended meant further uncommon surprising blurry probable any same consistent
similar related relevant open up down out off unique many several few speculative intentional unintentional
"""
_NO_ANSWER = frozenset(_NO_ANSWER_WORDS.split())
_EMPTY_NOUNS_WORDS = """
object item thing things objects items answer place image scene block blocks gray grey one ones reason result case
part way kind type fact assumption clue example question conclusion person-in-question same other others shape
size color colour feature similarity inference shot focus subject explanation choice possibility interpretation
guess
"""
_EMPTY_NOUNS = frozenset(_EMPTY_NOUNS_WORDS.split())
_NOUNS_LIKE_PARTICIPLES_WORDS = """
setting painting building clothing ring wing king string spring thing ceiling railing wedding icing frosting stuffing
dressing pudding earring evening morning lightning crossing parking swimming dining living sibling duckling
seedling serving filling topping drawing carving clearing landing opening bedding awning lettering writing
covering skiing surfing snowboarding skateboarding shopping fishing sewing warning cooking racing washing vending
baking cutting frying sled shed seed weed feed reed breed speed bread steed bobsled dogsled hundred wooded stained
bunked sacred skinned hooded stuffed fried baked grilled mashed scrambled roasted toasted iced framed
"""
_NOUNS_LIKE_PARTICIPLES = frozenset(_NOUNS_LIKE_PARTICIPLES_WORDS.split())
_VAGUE = re.compile(
    r"\b(?:clothing|equipment|furniture|arrangement|device|source|technology|type|kind|item|object|piece|vehicle|animal)s?\s*$"
)
_NAMED = re.compile(r"(?:an?|the|some|his|her|their|another|one of|either)\s|[a-z-]+[.!?]?$")
_MOST_WORDS = 6


def answer_phrase(rest: str, *, needs_article: bool = False) -> str:
    """Return the noun phrase that a text begins with, alternatives joined by commas; empty if there is none.

    >>> answer_phrase("a cup or a mug, as it stands on the table")
    'cup, mug'
    >>> answer_phrase("difficult to say")
    ''
    """
    rest = rest.strip(" ,")
    if needs_article and not _NAMED.match(rest):
        return ""
    example = _SUCH_AS.search(rest)
    if example and _is_vague(rest[: example.start()]):
        rest = rest[example.end() :]
    return ", ".join(_phrases(rest))


def _is_vague(phrase: str) -> bool:
    """A category given before its example: `a piece of athletic clothing, such as`."""
    return bool(_VAGUE.search(phrase))


def _phrases(rest: str) -> list[str]:
    rest = _LEAD.sub("", rest)
    rest = _PARTITIVE.sub("", rest)
    found: list[str] = []
    for part in re.split(r"\s*,?\s+or\s+|\s*,\s*(?:or\s+)?|\s*/\s*", _cut(rest)):
        phrase = _LEAD.sub("", _cut(part)).strip(" '-")
        phrase = _PARTITIVE.sub("", phrase + " ").strip(" '-")
        phrase = _LEAD.sub("", phrase)
        if not _is_answer(phrase):
            break
        if phrase not in found:
            found.append(phrase)
    return found


def _cut(text: str) -> str:
    match = _END.search(text)
    text = text[: match.start()].strip() if match else text.strip()
    tokens = text.split()
    ends = [index for index, token in enumerate(tokens) if index and _is_participle(token)]
    text = " ".join(tokens[: ends[0]]) if ends and not _is_participle(tokens[0]) else text
    return re.sub(r"[\s,]+(?:or|and|of)$", "", text)


def _is_participle(token: str) -> bool:
    token = token.strip(",'-")
    return len(token) > 4 and token.endswith(("ing", "ed")) and token not in _NOUNS_LIKE_PARTICIPLES


def _is_answer(phrase: str) -> bool:
    tokens = phrase.split()
    if not tokens or len(tokens) > _MOST_WORDS or tokens[0] in _NO_ANSWER or tokens[0].endswith("ly"):
        return False
    if _is_participle(tokens[0]) and (len(tokens) > 1 or tokens[0].endswith("ed")):
        return False
    return tokens[-1] not in _EMPTY_NOUNS and any(char.isalnum() for char in phrase)
