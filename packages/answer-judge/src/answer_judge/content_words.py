"""Words that say what is seen, apart from the words that only hold a sentence together."""

from __future__ import annotations

from functools import lru_cache

from answer_judge.answer_words import NOUNS_IN_LY, PARTICIPLE_NOUNS
from answer_judge.normalising import normalise
from answer_judge.word_classes import COLORS, OPEN

_DETERMINERS = """
a an the its their his her your my our this these those some any each every both another such no
"""
_PREPOSITIONS = """
of on in at by with without from to into onto over under above below near along around across between behind beside
beneath against through within toward towards upon atop amid among inside outside underneath for as like than per
alongside unlike
"""
_HAVE = """
has have had having got featuring features showing shows show displaying displays display including includes include
exhibits exhibiting exhibit sporting possesses possessing carries carrying bears bearing contains containing lacks
lacking lack
"""
_BE = """
is be was being been are were appears appear looks look seems seem remains remain becomes become isnt arent wasnt
werent
"""
_PLURAL_BE = "are were appear look seem remain become arent werent"
_COORDINATORS = "and or nor but plus yet"
_CLAUSES = """
while whereas because although though since so then if when where however therefore thus hence unless until making
suggesting indicating meaning rather instead except
"""
_RELATIVES = "that which who whose whom"
_VERBS = """
extends extend covers cover helps help makes make indicates indicate suggests suggest runs run stands stand sits sit
contrasts contrast matches match gives give confirms confirm points distinguishes distinguish identifies identify
reveals reveal sets set surrounds surround blends blend adds add provides provide allows allow leads lead ends begins
starts reaches reach curves tapers meets joins can could may might must will would should does do did see seen observe
observed notice visible known think believe say tell go goes come comes
"""
_FILLERS = """
it they he she i we you there here also very quite rather too so more most less least much just only even still not
never neither well often usually about almost nearly somewhat extremely really all other own same one ones color
colour colored coloured coloration colouration hue shade tone appearance distinctive characteristic notable noticeable
prominent typical distinct unique overall kind type sort lot absence absent presence present
dont doesnt didnt cant im ive theyre
"""
_ATTRIBUTES = """
glossy shiny iridescent smooth rough sharp thick slender stout slim hooked curved straight pale dull vivid bold deep
rich soft fluffy fuzzy furry scaly leathery spiky thorny bushy shaggy silky woolly circular triangular rectangular
conical cylindrical symmetric symmetrical asymmetric asymmetrical irregular uneven patchy tan buff rufous chestnut olive
crimson scarlet maroon navy turquoise teal violet magenta amber rusty tawny sooty ivory lower upper left right front
back central outer inner twin single double narrow solid plain faint delicate robust compact elongate dense sparse
lanceolate serrate lobate erect floppy
"""
_NOUNS_IN_ING = "marking coloring patterning barring streaking spotting edging feathering shading lining molding"
_ENDINGS = ("ish", "ous", "escent", "less", "ful", "ular", "ing")

DETERMINERS, PREPOSITIONS = frozenset(_DETERMINERS.split()), frozenset(_PREPOSITIONS.split())
HAVE, BE, PLURAL_BE = frozenset(_HAVE.split()), frozenset(_BE.split()), frozenset(_PLURAL_BE.split())
COORDINATORS, CLAUSES = frozenset(_COORDINATORS.split()), frozenset(_CLAUSES.split())
RELATIVES, VERBS, FILLERS = frozenset(_RELATIVES.split()), frozenset(_VERBS.split()), frozenset(_FILLERS.split())
FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | HAVE | BE | COORDINATORS | CLAUSES | RELATIVES | VERBS | FILLERS
"""Words that alone name nothing visible."""
_ATTRIBUTE_WORDS = COLORS | OPEN | frozenset(_ATTRIBUTES.split())
_NOUNS = PARTICIPLE_NOUNS | frozenset(_NOUNS_IN_ING.split())


def is_filler(key: str) -> bool:
    """Whether a lower-case word may stand anywhere in a phrase without changing what it names.

    >>> is_filler("very"), is_filler("slightly"), is_filler("belly")
    (True, True, False)
    """
    return key in FILLERS or (key.endswith("ly") and len(key) > 4 and key not in NOUNS_IN_LY)


def is_attribute(word: str) -> bool:
    """Whether a word in one spelling tells what a thing is like, by list and ending; unknown words are things.

    >>> is_attribute("red"), is_attribute("spotted"), is_attribute("crown"), is_attribute("marking")
    (True, True, False, False)
    """
    if word in _NOUNS:
        return False
    is_participle = len(word) > 4 and word.endswith("ed") and not word.endswith("eed")
    return word in _ATTRIBUTE_WORDS or word.isdigit() or is_participle or (len(word) > 4 and word.endswith(_ENDINGS))


@lru_cache(maxsize=65536)
def stem(key: str) -> str:
    """Return what a word, its plural and its form in -ed have in common.

    >>> stem("crowned") == stem("crowns"), stem("striped") == stem("stripe"), stem("eyed") == stem("eyes")
    (True, True, True)
    """
    word = normalise(key)
    if len(word) > 3 and word.endswith("ed") and not word.endswith("eed"):
        word = word[:-2]
        if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
            word = word[:-1]
    elif len(word) > 2 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word
