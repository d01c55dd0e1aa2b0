"""Short phrases in one spelling: case, accents, width, punctuation, articles, number words, plurals, American."""

from __future__ import annotations

import re
from functools import lru_cache

from answer_judge.characters import plain
from answer_judge.spelling import american

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_NUMBERS.split())}
_ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_ORDINAL_WORDS = {f"{number}{_ENDINGS.get(number, 'th')}": word for number, word in enumerate(_ORDINALS.split(), 1)}
_ARTICLES = {"a", "an", "the", "some"}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "teeth": "tooth", "feet": "foot",
    "geese": "goose", "mice": "mouse", "oxen": "ox", "dice": "die", "knives": "knife", "wives": "wife",
    "lives": "life", "wolves": "wolf", "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half",
    "calves": "calf", "scarves": "scarf", "thieves": "thief", "elves": "elf", "hooves": "hoof", "shoes": "shoe",
    "horseshoes": "horseshoe", "snowshoes": "snowshoe", "canoes": "canoe", "toes": "toe", "skis": "ski",
    "taxis": "taxi", "bikinis": "bikini", "kiwis": "kiwi", "lenses": "lens", "lens": "lens", "cookies": "cookie",
    "movies": "movie", "selfies": "selfie", "smoothies": "smoothie", "brownies": "brownie", "pies": "pie",
    "ties": "tie", "neckties": "necktie", "hoodies": "hoodie", "birdies": "birdie", "calories": "calorie",
    "zombies": "zombie", "magpies": "magpie", "collies": "collie", "prairies": "prairie", "genies": "genie",
    "veggies": "veggie", "foodies": "foodie", "rookies": "rookie", "dies": "die", "quizzes": "quiz", "axes": "axe",
    "cacti": "cactus", "gas": "gas", "gases": "gas", "christmas": "christmas", "this": "this", "always": "always",
    "news": "news", "series": "series", "species": "species", "means": "means", "glasses": "glasses",
    "does": "does", "goes": "goes", "has": "has", "was": "was", "aquaria": "aquarium", "fungi": "fungus",
}  # fmt: skip
_DRINKS = {
    "wine", "champagne", "beer", "water", "drinking", "shot", "cocktail", "martini", "whiskey", "empty", "juice", "two",
    "three", "four", "five", "six", "2", "3", "4", "5", "6",
}  # fmt: skip
"""Before `glasses` these speak of vessels; without them glasses are worn."""
_SIGNS = {"%": " percent ", "$": " dollar ", "€": " euro ", "£": " pound ", "¥": " yen ", "°": " degree ", "&": " and "}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_MINUS = re.compile(r"(?:(?<=^)|(?<=[\s(=~]))-\s?(?=\.?\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_OVER = re.compile(r"(?<=\d)/(?=\d)")
_PLUSES = re.compile(r"(?<=[a-z])(\+\+|\+|#)(?!\w)")
_WORD = re.compile(r"(?<![\w.])\.\d+|\w+(?:\.\d+)?(?:'\w+)?")


@lru_cache(maxsize=65536)
def normalise(phrase: str) -> str:
    """Return a phrase in lower case, without articles and punctuation, numbers as digits, nouns in the singular.

    A phrase of nothing but articles keeps them: `A` may be the name of something.

    >>> normalise(" The two Traffic-Lights! "), normalise("A"), normalise("-5 %")
    ('2 traffic light', 'a', 'minus 5 percent')
    """
    found = words(phrase)
    content = [word for word in found if word not in _ARTICLES] or found
    pairs = zip(["", *content], content, strict=False)
    return " ".join(
        "glass" if word == "glasses" and before in _DRINKS else _in_one_spelling(word) for before, word in pairs
    )


def _in_one_spelling(word: str) -> str:
    word = singular(_ORDINAL_WORDS.get(word, word))
    return NUMBER_WORDS.get(word) or american(word)


def words(phrase: str) -> list[str]:
    """Return the lower-case words of a phrase, in order; an apostrophe stays within its word, a possessive 's is cut.

    Signs that carry meaning become words: percent, currencies, a minus before a number.

    >>> words("The dog's T-shirt, isn't it? $-5")
    ['the', 'dog', 't', 'shirt', "isn't", 'it', 'dollar', 'minus', '5']
    """
    return [word.removesuffix("'s") for word in _WORD.findall(_signs_as_words(plain(phrase)))]


def _signs_as_words(text: str) -> str:
    if text.isalpha():
        return text
    text = _SIGN.sub(lambda match: _SIGNS[match[0]], text)
    text = _OVER.sub(" over ", _THOUSANDS.sub("", _MINUS.sub(" minus ", text)))
    return _PLUSES.sub(lambda match: " sharp" if match[0] == "#" else " plus" * len(match[0]), text)


@lru_cache(maxsize=65536)
def singular(noun: str) -> str:
    """Return a noun's singular by rule; other words may lose a final s, the same way every time.

    >>> [singular(noun) for noun in ("buses", "houses", "cherries", "boxes", "glass", "children")]
    ['bus', 'house', 'cherry', 'box', 'glass', 'child']
    """
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    for ending in ("men", "women", "children"):
        if noun.endswith(ending) and len(noun) > len(ending) + 2:
            return noun.removesuffix(ending) + _IRREGULAR[ending]
    if len(noun) <= 3 or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    doubled_or_hissing = noun.endswith(("sses", "shes", "ches", "xes", "zzes", "oes"))
    like_bus = noun.endswith("uses") and not noun.endswith(("ouses", "auses"))
    return noun[:-2] if doubled_or_hissing or like_bus else noun[:-1]
