"""Short phrases in one spelling: case, accents of width, punctuation, articles, number words, plurals."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_NUMBERS.split())}
_ARTICLES = {"a", "an", "the", "some"}
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "teeth": "tooth", "feet": "foot",
    "geese": "goose", "mice": "mouse", "oxen": "ox", "dice": "die", "knives": "knife", "wives": "wife",
    "lives": "life", "wolves": "wolf", "leaves": "leaf", "loaves": "loaf", "shelves": "shelf", "halves": "half",
    "calves": "calf", "scarves": "scarf", "thieves": "thief", "elves": "elf", "shoes": "shoe",
    "horseshoes": "horseshoe",
    "snowshoes": "snowshoe", "canoes": "canoe", "toes": "toe", "skis": "ski", "taxis": "taxi", "bikinis": "bikini",
    "kiwis": "kiwi", "lenses": "lens", "lens": "lens", "cookies": "cookie", "movies": "movie", "selfies": "selfie",
    "smoothies": "smoothie", "brownies": "brownie", "pies": "pie", "ties": "tie", "neckties": "necktie",
    "hoodies": "hoodie", "birdies": "birdie", "calories": "calorie", "quizzes": "quiz", "axes": "axe",
    "cacti": "cactus", "gas": "gas", "gases": "gas", "christmas": "christmas", "this": "this", "always": "always",
}  # fmt: skip


@lru_cache(maxsize=65536)
def normalise(phrase: str) -> str:
    """Return a phrase in lower case, without articles and punctuation, numbers as digits, nouns in the singular.

    >>> normalise(" The two Traffic-Lights! ")
    '2 traffic light'
    """
    nouns = (singular(word) for word in words(phrase) if word not in _ARTICLES)
    return " ".join(NUMBER_WORDS.get(noun, noun) for noun in nouns)


def words(phrase: str) -> list[str]:
    """Return the lower-case words of a phrase, in order; an apostrophe stays within its word, a possessive 's is cut.

    >>> words("The dog's T-shirt, isn't it?")
    ['the', 'dog', 't', 'shirt', "isn't", 'it']
    """
    plain = unicodedata.normalize("NFKC", phrase).casefold().replace("’", "'")
    found = re.findall(r"\w+(?:\.\d+)?(?:'\w+)?", plain)
    return [word.removesuffix("'s") for word in found]


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
