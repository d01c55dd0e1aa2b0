"""Two spellings of one word: British and American, and one typing error in a long word."""

from __future__ import annotations

import re
from functools import lru_cache

from answer_judge.near_words import NEAR_WORDS

_STEMS = {
    "armour": "armor", "behaviour": "behavior", "clamour": "clamor", "colour": "color", "favour": "favor",
    "flavour": "flavor", "harbour": "harbor", "honour": "honor", "humour": "humor", "labour": "labor",
    "neighbour": "neighbor", "odour": "odor", "parlour": "parlor", "rumour": "rumor", "savour": "savor",
    "splendour": "splendor", "tumour": "tumor", "vapour": "vapor", "vigour": "vigor", "jewell": "jewel",
    "travell": "travel", "modell": "model", "labell": "label", "cancell": "cancel", "marvell": "marvel",
    "panell": "panel",
    "mould": "mold", "plough": "plow", "grey": "gray", "pyjama": "pajama", "moustache": "mustache",
    "aluminium": "aluminum", "aeroplane": "airplane", "doughnut": "donut", "yoghurt": "yogurt", "yoghourt": "yogurt",
    "manoeuv": "maneuv", "paediatric": "pediatric", "anaesthe": "anesthe", "archaeolog": "archeolog",
    "sceptic": "skeptic",
    "encyclopaedia": "encyclopedia", "programme": "program",
}  # fmt: skip
_WHOLE = {
    "jewelery": "jewelry", "jewellery": "jewelry", "tyre": "tire", "kerb": "curb", "cheque": "check", "storey": "story",
    "axe": "ax", "whisky": "whiskey", "defence": "defense", "licence": "license", "offence": "offense", "cosy": "cozy",
    "sulphur": "sulfur", "gaol": "jail", "draught": "draft", "ageing": "aging", "ketchup": "catsup",
    "racquet": "racket",
    "omelette": "omelet", "chequered": "checkered", "woollen": "woolen", "catalogue": "catalog", "dialogue": "dialog",
    "analogue": "analog", "paralyse": "paralyze", "analyse": "analyze", "practise": "practice", "tonne": "tonne",
}  # fmt: skip
_RE = {"theatre", "centre", "metre", "litre", "fibre", "sabre", "sombre", "spectre", "lustre", "meagre", "calibre"}
_METRES = re.compile(r"^(kilo|centi|milli|deci|micro|nano|mega|amphi)?(theatre|metre|litre|centre)$")
_ISE = re.compile(r"(?<=[a-z]{4})is(e|ed|er|ing|ation)$")
_ISE_STAYS_WORDS = """
exercise surprise promise premise otherwise paradise merchandise enterprise franchise advertise televise supervise
tortoise turquoise porpoise treatise expertise compromise disguise mayonnaise bruise cruise praise anise noise raise
"""
_ISE_STAYS = frozenset(_ISE_STAYS_WORDS.split())
_STEM = re.compile("|".join(_STEMS))
_SHORTEST, _LONG = 6, 11
_VOWELS = frozenset("aeiouy")
_INFLECTED = ("ing", "ed")
"""Forms of verbs lie too close together: falling, filling, feeling."""


@lru_cache(maxsize=65536)
def american(word: str) -> str:
    """Return a lower-case word in its American spelling, by rule and from a short table.

    >>> [american(word) for word in ("colourful", "theatre", "organised", "tyre", "tortoise")]
    ['colorful', 'theater', 'organized', 'tire', 'tortoise']
    """
    if word in _WHOLE:
        return _WHOLE[word]
    if word in _RE or _METRES.match(word):
        return word[:-2] + "er"
    stem = _STEM.match(word)
    if stem:
        return american_end(_STEMS[stem[0]] + word[stem.end() :])
    return american_end(word)


def american_end(word: str) -> str:
    """Return a word with -ize for -ise where that is the rule and not the word's own ending."""
    match = _ISE.search(word)
    if not match or word[: match.start()] + "ise" in _ISE_STAYS or word.startswith("rais"):
        return word
    return f"{word[: match.start()]}iz{match[1]}"


def is_typo(word: str, of: str) -> bool:
    """Whether a word is another with one typing error: neighbours changed over, a letter doubled or not, a vowel amiss.

    The other word must have six letters or more, and both must begin and end alike. The first must be no form in -ing
    or -ed and no word known to lie close to another (`bottle`, `battle`). A consonant too many, too few or wrong
    often makes another word (`contact`, `contract`): it passes in words of eleven letters and more alone.

    >>> [is_typo(word, of) for word, of in [("umbrela", "umbrella"), ("contact", "contract"), ("desert", "dessert")]]
    [True, False, False]
    """
    if len(of) < _SHORTEST or abs(len(word) - len(of)) > 1 or not (word.isalpha() and of.isalpha()):
        return False
    if word == of or word[0] != of[0] or word[-1] != of[-1] or word in NEAR_WORDS or word.endswith(_INFLECTED):
        return False
    start = next(
        (at for at, (one, other) in enumerate(zip(word, of, strict=False)) if one != other), min(len(word), len(of))
    )
    if len(word) != len(of):
        longer, shorter = (word, of) if len(word) > len(of) else (of, word)
        slip = longer[start] in _VOWELS or longer[start] in longer[start - 1] + longer[start + 1 : start + 2]
        return longer[start + 1 :] == shorter[start:] and (slip or len(of) >= _LONG)
    swapped = word[start : start + 2] == of[start : start + 2][::-1] and word[start + 2 :] == of[start + 2 :]
    slip = word[start] in _VOWELS and of[start] in _VOWELS
    return swapped or (word[start + 1 :] == of[start + 1 :] and (slip or len(of) >= _LONG))


def differs_by_typos(answer: str, wanted: str) -> str:
    """Return the first mistyped word if two normalised phrases differ by such words alone, else an empty string."""
    said, asked = answer.split(), wanted.split()
    if len(said) != len(asked):
        return ""
    mistyped = [pair for pair in zip(said, asked, strict=True) if pair[0] != pair[1]]
    return mistyped[0][0] if mistyped and all(is_typo(word, of) for word, of in mistyped) else ""
