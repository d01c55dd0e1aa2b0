"""Which changes of an image leave a text about it true."""

from __future__ import annotations

import re
from typing import Literal, get_args

Change = Literal[
    "horizontal_flip", "vertical_flip", "rotation", "strong_rotation", "shift", "strong_shift", "crop", "perspective",
    "brightness", "contrast", "saturation", "blur",
]  # fmt: skip
"""One way in which an image is made another; the strong ones can carry a thing from one side to the other."""

_PLACES = frozenset[Change](
    ("horizontal_flip", "vertical_flip", "rotation", "strong_rotation", "shift", "strong_shift", "crop", "perspective")
)
_FLIPS = frozenset[Change](("horizontal_flip", "vertical_flip"))
_STRONG = _FLIPS | frozenset[Change](("strong_rotation", "strong_shift", "perspective"))
_COLOURS = frozenset[Change](("brightness", "contrast", "saturation"))
_CUTS = frozenset[Change](("crop", "shift", "strong_shift", "perspective"))

_SIDES = """
    left leftmost lefthand leftward leftwards right rightmost righthand rightward rightwards
    above below under underneath beneath over up down upper uppermost lower lowermost top topmost bottom bottommost
    upward upwards downward downwards upright upside overhead atop north south east west northern southern eastern
    western northeast northwest southeast southwest northward southward eastward westward clockwise counterclockwise
    anticlockwise horizontal horizontally vertical vertically diagonal diagonally sideways tilted tilt tilts slanted
    leaning leans lying standing port starboard cranial caudal superior inferior lateral medial ipsilateral
    contralateral apex apical basal corner corners
"""
_COLOUR_WORDS = """
    black white gray grey red green blue yellow orange purple violet pink brown beige tan gold golden silver silvery
    cyan magenta teal turquoise maroon navy olive cream creamy ivory crimson scarlet rufous chestnut buff buffy khaki
    lavender indigo amber bronze copper coppery rust rusty russet salmon rosy ruddy sandy tawny charcoal ebony aqua
    mauve ochre
    colour colours coloured colouring colourful colouration color colors colored coloring colorful coloration colorless
    colourless hue hues shade shades shaded tint tints tinted tinge tinged pigment pigmented pigmentation
    hyperpigmented hypopigmented erythema erythematous dark darker darkest darkened light lighter lightest bright
    brighter brightest brightness brightly pale paler palest vivid dull duller faded monochrome sepia iridescent
    shiny glossy
    contrast contrasting saturated saturation opacity opacities opaque lucent lucency translucent transparent
    hyperdense hypodense day daytime night nighttime sunny cloudy dusk dawn sunset sunrise
"""
_WRITING = """
    text texts letter letters lettering word words written writes writing handwriting reads inscription inscribed
    label labelled labeled logo logos sign signs signage caption captions title headline number numbers digit digits
    numeral numerals plate plates registration clock clocks watch watches spelled spells says brand font alphabet mirror
    mirrored mirrors reflection reflected
"""
_COUNTING = """
    two three four five six seven eight nine ten eleven twelve dozen several many few count counts counted counting both
    pair pairs total edge edges border borders frame framed
"""
_SHARPNESS = """
    blur blurs blurred blurry sharp sharper sharpness focus focused unfocused focussed fuzzy hazy crisp texture textures
    textured grain grainy resolution detail details detailed
"""
_BOXES = """
    bbox bboxes bounding coordinate coordinates polygon polygons
"""

_ENDINGS = ("", "s", "ish", "er", "est", "y", "ness")
"""Of words of colour: reddish, greens, bluer."""
_NUMBERS_IN_BRACKETS = re.compile(r"[\[({<]\s*-?\d+(?:\.\d+)?\s*[,;\s]\s*-?\d+(?:\.\d+)?")
_MARKED_BOXES = re.compile(r"<[/|]?\s*(?:box|loc|point|quad|ref)|\bbox_?2d|\b[xy][0-9]?\s*[=:]\s*-?\d")
_SMALL_NUMBER = re.compile(r"\b\d{1,2}\s+[a-z]")
_OTHER_SCRIPT = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f]")


def allowed(text: str) -> frozenset[Change]:
    """The changes of an image after which a text about it is as true as before.

    Words are matched whole and without regard to case; hyphens part them. In doubt a change is not allowed, as one
    image unchanged costs less than one false text: "the right answer" counts as a side, "traffic light" as a colour.
    It knows English: in another script nothing is allowed, and another language in Latin letters is not noticed.

    * a side, direction or posture: no flips, no strong turn or shift, no perspective;
    * a colour, brightness or time of day: no change of brightness, contrast or saturation;
    * a box or point: no change of place whatever;
    * writing, clocks or mirrors: no flips, no strong turn, no blur;
    * a number of things, or the edge of the image: nothing that can cut something off;
    * sharpness, texture or detail: no blur.

    >>> sorted(allowed("A duck swims."))[:3], "horizontal_flip" in allowed("A duck to the left.")
    (['blur', 'brightness', 'contrast'], False)
    >>> "saturation" in allowed("It has a reddish crown."), "saturation" in allowed("It is bored.")
    (False, True)
    """
    if _OTHER_SCRIPT.search(text):
        return frozenset()
    words = frozenset(re.findall(r"[a-z]+", text.lower()))
    forbidden: set[Change] = set()
    for names, changes in _RULES:
        if words & names:
            forbidden |= changes
    if _NUMBERS_IN_BRACKETS.search(text) or _MARKED_BOXES.search(text.lower()):
        forbidden |= _PLACES
    if _SMALL_NUMBER.search(text.lower()):
        forbidden |= _CUTS
    return frozenset(get_args(Change)) - forbidden


def _with_endings(words: str) -> frozenset[str]:
    return frozenset(
        stem + ending
        for word in words.split()
        for stem in (word, word.rstrip("e"), word + word[-1])  # bluish, reddish
        for ending in _ENDINGS
    )


_RULES: tuple[tuple[frozenset[str], frozenset[Change]], ...] = (
    (frozenset(_SIDES.split()), _STRONG),
    (_with_endings(_COLOUR_WORDS), _COLOURS),
    (frozenset(_WRITING.split()), _FLIPS | frozenset[Change](("strong_rotation", "perspective", "blur"))),
    (frozenset(_COUNTING.split()), _CUTS),
    (frozenset(_SHARPNESS.split()), frozenset[Change](("blur",))),
    (frozenset(_BOXES.split()), _PLACES),
)
