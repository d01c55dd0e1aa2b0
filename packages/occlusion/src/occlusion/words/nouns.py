"""Number of English nouns: singular, plural, and the lemma under which an entity is one thing."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


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
        "louse": "lice",
        "die": "dice",
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
        "tornado": "tornadoes",
        "torpedo": "torpedoes",
        "domino": "dominoes",
        "hero": "heroes",
        "bus": "buses",
        "gas": "gases",
        "lens": "lenses",
        "canvas": "canvases",
        "iris": "irises",
        "quiz": "quizzes",
        "cactus": "cacti",
        "fungus": "fungi",
        "fuse": "fuses",
        "oasis": "oases",
        "mantis": "mantises",
        "ibis": "ibises",
        "rhinoceros": "rhinoceroses",
        "thermos": "thermoses",
        "pickaxe": "pickaxes",
        "axis": "axes",
        "axe": "axes",
    }
)
"""Singular to plural, of the last word; where a plural has two singulars, the last one here is taken back."""

UNCHANGED = _words(
    "sheep deer reindeer moose bison elk cattle fish salmon trout tuna cod shrimp squid koi halibut"
    " aircraft spacecraft hovercraft series species sushi"
)
"""Nouns whose plural looks like the singular, as all in `fish` do; on its own such a word reads as singular."""

PLURAL_ONLY = _words(
    "scissors shears pliers tweezers tongs clippers forceps binoculars goggles sunglasses eyeglasses spectacles"
    " headphones earmuffs handcuffs bagpipes castanets pants underpants sweatpants trousers jeans slacks khakis shorts"
    " leggings tights panties overalls dungarees pajamas pyjamas suspenders clothes bangs woods electronics"
) | {"swim trunks", "monkey bars", "niagara falls"}
"""Nouns that name one thing in the plural: they are their own lemma and read as singular.

`glasses` is left out: it may be several drinking glasses.
"""

_SINGULARS = {plural: singular for singular, plural in IRREGULAR_PLURALS.items()} | {"octopi": "octopus"}
_JOINED_IRREGULARS = {
    one: IRREGULAR_PLURALS[one]
    for one in _words("child person tooth foot knife wife leaf shelf loaf wolf calf scarf thief potato bus fuse")
}
_ENDS_LIKE_A_PLURAL = _words("lens gas canvas atlas bass christmas chess yes news swiss rhinoceros thermos")
_I_NOUNS = _words(
    "taxi ski bikini kiwi broccoli sushi spaghetti safari alibi zucchini panini martini khaki rabbi yeti jacuzzi semi"
    " corgi chili okapi salami graffiti sari samurai bonsai macaroni ravioli pepperoni calamari wasabi sashimi confetti"
    " pepsi"
)
_U_NOUNS = _words("menu emu gnu tutu tofu caribou tzu inu bayou flu")
_IE_NOUNS = _words(
    "beanie cookie brownie movie pie tie zombie selfie smoothie necktie bowtie hoodie onesie birdie genie pixie goalie"
    " veggie collie magpie hippie auntie talkie yorkie barbie rookie prairie duckie budgie lingerie die scrunchie"
)
_CHE_NOUNS = ("mustache", "moustache", "quiche", "cache", "avalanche", "brioche", "porsche", "headache")


def singular(noun: str) -> str:
    """Return a noun with its last word in the singular and everything in lower case; words that have no plural stay.

    >>> [singular(noun) for noun in ("Hot Dogs", "men", "buses", "glass", "rails", "bookshelves", "jeans")]
    ['hot dog', 'man', 'bus', 'glass', 'rail', 'bookshelf', 'jeans']
    """
    thing, of, rest = noun.lower().partition(" of ")
    if thing in PLURAL_ONLY:
        return noun.lower()
    before, last = _split(thing)
    return before + _singular_word(last) + of + rest


def plural(noun: str) -> str:
    """Return a singular noun with its last word in the plural.

    >>> [plural(noun) for noun in ("animal", "bus", "piece of furniture", "tennis player", "berry", "scissors")]
    ['animals', 'buses', 'pieces of furniture', 'tennis players', 'berries', 'scissors']
    """
    thing, of, rest = noun.partition(" of ")
    if thing.lower() in PLURAL_ONLY:
        return noun
    before, last = _split(thing)
    return before + _plural_word(last) + of + rest


def thing_key(noun: str) -> str:
    """Return the singular with spaces for hyphens, single ones: the same for every spelling of one thing.

    >>> thing_key("Hot-dogs"), thing_key("hot  dog")
    ('hot dog', 'hot dog')
    """
    return " ".join(singular(" ".join(noun.replace("-", " ").split())).split())


def is_plural(noun: str) -> bool:
    """Say whether the last word of a noun is a plural form that means several things.

    >>> is_plural("rails"), is_plural("tennis"), is_plural("people"), is_plural("bus"), is_plural("scissors")
    (True, False, True, False, False)
    """
    return singular(noun) != noun.lower()


def with_article(noun: str) -> str:
    """Put the indefinite article before a noun, by its sound as far as its letters tell.

    >>> with_article("animal"), with_article("uniform"), with_article("hourglass"), with_article("bird")
    ('an animal', 'a uniform', 'an hourglass', 'a bird')
    """
    lower = noun.lower()
    vowel = lower[:1] in "aeiou" and not lower.startswith(("uni", "use", "eu", "one", "uku", "ute", "ufo"))
    return f"{'an' if vowel or lower.startswith(('hour', 'honest', 'heir')) else 'a'} {noun}"


def _split(noun: str) -> tuple[str, str]:
    cut = max(noun.rfind(" "), noun.rfind("-")) + 1
    return noun[:cut], noun[cut:]


@lru_cache(maxsize=50_000)
def _singular_word(word: str) -> str:
    if word in PLURAL_ONLY or word in UNCHANGED:
        return word
    if word in _SINGULARS:
        return _SINGULARS[word]
    for one, many in _JOINED_IRREGULARS.items():
        if word.endswith(many):
            return word.removesuffix(many) + one
    if word.endswith("men") and len(word) > 5 and word not in ("specimen", "abdomen", "acumen", "stamen"):
        return word[:-2] + "an"
    return _without_s(word)


def _without_s(word: str) -> str:
    if word.endswith("s") and (word[:-1] in _I_NOUNS or word[:-1] in _U_NOUNS or word.endswith("eaus")):
        return word[:-1]
    if len(word) < 3 or word in _ENDS_LIKE_A_PLURAL or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word[:-1] in _IE_NOUNS else word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "uses", "zzes")):
        return word[:-1] if word.endswith("ouses") or word[:-1].endswith(_CHE_NOUNS) else word[:-2]
    return word[:-1]


def _plural_word(word: str) -> str:
    if word in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[word]
    if word in UNCHANGED or word in PLURAL_ONLY or word.endswith("fish") or is_plural(word):
        return word
    for one, many in _JOINED_IRREGULARS.items():
        if word.endswith(one):
            return word.removesuffix(one) + many
    if word.endswith("man") and word not in ("human", "caiman", "ottoman", "german", "roman", "talisman", "shaman"):
        return word[:-2] + "en"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
