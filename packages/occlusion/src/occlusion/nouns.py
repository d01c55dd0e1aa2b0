"""Number of English nouns: singular, plural, and the lemma under which an entity is one thing."""

from __future__ import annotations

from types import MappingProxyType

IRREGULAR_PLURALS = MappingProxyType(
    {
        "man": "men",
        "woman": "women",
        "child": "children",
        "person": "people",
        "mouse": "mice",
        "goose": "geese",
        "tooth": "teeth",
        "foot": "feet",
        "ox": "oxen",
        "knife": "knives",
        "wife": "wives",
        "leaf": "leaves",
        "shelf": "shelves",
        "loaf": "loaves",
        "wolf": "wolves",
        "calf": "calves",
        "half": "halves",
        "scarf": "scarves",
        "thief": "thieves",
        "elf": "elves",
        "hoof": "hooves",
        "potato": "potatoes",
        "tomato": "tomatoes",
        "mango": "mangoes",
        "mosquito": "mosquitoes",
        "buffalo": "buffaloes",
        "volcano": "volcanoes",
        "hero": "heroes",
        "bus": "buses",
        "gas": "gases",
        "lens": "lenses",
        "canvas": "canvases",
        "iris": "irises",
        "quiz": "quizzes",
        "cactus": "cacti",
        "axis": "axes",
        "axe": "axes",
    }
)
"""Singular to plural, of the last word; where a plural has two singulars, the last one here is taken back."""

UNCHANGED = frozenset({"sheep", "deer", "fish", "moose", "aircraft", "series", "species", "bison", "salmon", "shrimp"})
"""Nouns whose plural looks like the singular; on its own such a word reads as singular."""

_SINGULARS = {plural: singular for singular, plural in IRREGULAR_PLURALS.items()}
_ENDS_LIKE_A_PLURAL = frozenset({"lens", "gas", "canvas", "atlas", "bass", "christmas", "pajamas", "chess", "yes"})
_I_NOUNS = frozenset({"taxi", "ski", "bikini", "kiwi", "broccoli", "sushi", "spaghetti", "safari", "alibi"})
_IE_NOUNS = frozenset(
    {"beanie", "cookie", "brownie", "movie", "pie", "tie", "zombie", "selfie", "smoothie", "necktie", "bowtie"}
)


def singular(noun: str) -> str:
    """Return a noun with its last word in the singular and everything in lower case; words that have no plural stay.

    >>> [singular(noun) for noun in ("Hot Dogs", "men", "buses", "glass", "rails", "leaves", "gloves")]
    ['hot dog', 'man', 'bus', 'glass', 'rail', 'leaf', 'glove']
    """
    thing, of, rest = noun.lower().partition(" of ")
    before, last = _split(thing)
    return before + _singular_word(last) + of + rest


def plural(noun: str) -> str:
    """Return a singular noun with its last word in the plural.

    >>> [plural(noun) for noun in ("animal", "bus", "piece of furniture", "tennis player", "berry", "wolf")]
    ['animals', 'buses', 'pieces of furniture', 'tennis players', 'berries', 'wolves']
    """
    thing, of, rest = noun.partition(" of ")
    before, last = _split(thing)
    return before + _plural_word(last) + of + rest


def is_plural(noun: str) -> bool:
    """Say whether the last word of a noun is a plural form.

    >>> is_plural("rails"), is_plural("tennis"), is_plural("people"), is_plural("bus")
    (True, False, True, False)
    """
    return singular(noun) != noun.lower()


def with_article(noun: str) -> str:
    """Put the indefinite article before a noun, by its sound as far as its letters tell.

    >>> with_article("animal"), with_article("uniform"), with_article("hourglass"), with_article("bird")
    ('an animal', 'a uniform', 'an hourglass', 'a bird')
    """
    lower = noun.lower()
    vowel = lower[:1] in "aeiou" and not lower.startswith(("uni", "use", "eu", "one", "uku", "ute"))
    return f"{'an' if vowel or lower.startswith(('hour', 'honest', 'heir')) else 'a'} {noun}"


def _split(noun: str) -> tuple[str, str]:
    cut = max(noun.rfind(" "), noun.rfind("-")) + 1
    return noun[:cut], noun[cut:]


def _singular_word(word: str) -> str:
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word.endswith("men") and len(word) > 5 and word not in ("specimen", "abdomen", "acumen"):
        return word[:-2] + "an"
    if word in UNCHANGED or word in _ENDS_LIKE_A_PLURAL or not word.endswith("s") or word[:-1] in _I_NOUNS:
        return word[:-1] if word[:-1] in _I_NOUNS else word
    if word.endswith(("ss", "us", "is")) or len(word) < 3:
        return word
    if word.endswith("ies"):
        return word[:-1] if word[:-1] in _IE_NOUNS else word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "uses", "zzes")) and not word.endswith(("ouses", "daches")):
        return word[:-2]
    return word[:-1]


def _plural_word(word: str) -> str:
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word in UNCHANGED or is_plural(word):
        return word
    if word.endswith("man") and word not in ("human", "caiman", "ottoman", "german", "roman"):
        return word[:-2] + "en"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
