"""What is a statement about: the hidden thing, something that may be it, the blocks, or something else?"""

from __future__ import annotations

import re

HIDDEN, OTHER, BLOCKS, NOTHING = 6, 3, 1, 0
"""How firmly a statement answers, by its subject."""

COVER = r"(?:blocks?|squares?|patch(?:es)?|pixels?|rectangles?|mosaic)"
"""Words for what hides a thing."""

_CATEGORIES = """
object item thing place vehicle machine appliance device gadget tool equipment utensil instrument weapon container
furniture building structure facility animal bird fish insect pet person individual group team player profession
food item dish drink beverage liquid dessert snack ingredient fruit vegetable condiment plant clothing garment headgear
footwear accessory material substance surface area location landmark landscape landform road sign symbol artwork film
rope opening phenomenon event activity concept answer
"""
_CATEGORY_WORD = rf"(?:{'|'.join(_CATEGORIES.split())}|people)s?"
_CATEGORY = re.compile(
    rf"^(?:the |this |that |these |those |our |each )*(?:[a-z-]+ ){{0,2}}?{_CATEGORY_WORD}(?: \w+){{0,5}}$"
)
_VAGUE_CATEGORIES = """
object item thing place vehicle machine appliance device gadget tool equipment utensil instrument weapon container
furniture building structure facility animal individual figure food drink beverage ingredient accessory material
substance surface area location phenomenon event activity concept answer person
"""
_GENERIC = re.compile(rf"{_CATEGORY_WORD}|(?:[a-z-]+ ){{0,2}}(?:{'|'.join(_VAGUE_CATEGORIES.split())})s?")
_BLOCKS = re.compile(
    r"^(?:the |these |those |and |several |all )*(?:large |small )?(?:gray |concrete )?"
    rf"(?:cluster of (?:gray )?)?{COVER}\b"
)
_HIDDEN = re.compile(
    r"\b(?:occlu\w+|occupy\w+|occupied|obscured?|obscuring|hidden|hiding|covered|blocked|concealed|obstructed"
    rf"|(?:with|by)(?: [a-z]+){{0,4}} gray {COVER}|in question|mystery|missing"
    rf"|(?:behind|beneath|underneath|under|below)(?: [a-z]+){{0,5}}? (?:{COVER}|it|them|there|this|these|that)"
    r"|behind)\b"
)
_WHAT_IS_HIDDEN = re.compile(
    rf"^what (?:(?:is|lies|was) |the (?:gray )?{COVER} )(?:hid|cover|behind|beneath|under|conceal|obscur|occlu|block)"
)
_OTHER_SUBJECTS = """
presence purpose assumption conclusion fact question deduction inference color colour size shape position location
combination arrangement interpretation explanation context obstruction most main focus edge edges rest other others
there what which who where
"""
_NOT_A_SUBJECT = re.compile(
    rf"^(?:the |a |an |my |this |that |these |one )*(?:{'|'.join(_OTHER_SUBJECTS.split())}|reason\w*)\b"
)
_PRONOUN = re.compile(r"^(?:it|this|that|they|these|those|he|she|i)$")


def about(subject: str) -> int:
    """Return `HIDDEN`, `OTHER`, `BLOCKS` or `NOTHING` for the subject of a statement, in plain lower case.

    >>> [about(subject) for subject in ("the tool behind the blocks", "it", "the blocks", "the sky")]
    [6, 3, 1, 0]
    """
    if _BLOCKS.match(subject):
        return BLOCKS
    if _WHAT_IS_HIDDEN.match(subject):
        return HIDDEN
    if not subject or _NOT_A_SUBJECT.match(subject):
        return NOTHING
    if is_hidden(subject):
        return HIDDEN
    return OTHER if _PRONOUN.match(subject) or _CATEGORY.match(subject) else NOTHING


def is_hidden(words: str) -> bool:
    """Return whether words say that something is hidden.

    >>> is_hidden("the animal behind the gray blocks")
    True
    """
    return bool(_HIDDEN.search(words))


def is_generic(answer: str) -> bool:
    """Return whether an answer is only a category: it names no thing.

    >>> [is_generic(answer) for answer in ("large vehicle", "bus")]
    [True, False]
    """
    return bool(_GENERIC.fullmatch(answer))
