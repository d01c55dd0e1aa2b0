"""The words of training rows, as data: questions, answers and sentences with named places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from code_caption.errors import SettingsError
from code_caption.words.noun_forms import NounForms
from code_caption.words.number_words import number_word
from code_caption.words.templates import Places, check_template

_COLORS = (
    "red orange yellow green blue purple|violet pink brown black white gray|grey|silver gold|golden beige turquoise"
)
_MATERIALS = "wooden metal|metallic plastic glass leather stone brick concrete paper ceramic woolen"
_SHAPES = "round square rectangular triangular oval"
_SIZES = "small|little|tiny large|big|huge"


def _places(*alternatives: str) -> Places:
    """One set for each argument; `|` stands between places of which one is enough."""
    return tuple(frozenset(each.split("|")) for each in alternatives)


_QUESTIONS: dict[str, Places] = {
    "code": _places(),
    "caption": _places(),
    "region": _places("box"),
    "grounding": _places("phrase"),
    "boxes": _places("plural|name"),
    "count": _places("plural|name"),
    "text": _places("phrase"),
    "exist": _places("a_name|name|plural"),
}
_TEMPLATES: dict[str, Places] = {
    "region_answer": _places("a_phrase|phrase"),
    "grounding_answer": _places("box"),
    "boxes_answer": _places("boxes"),
    "count_answer": _places("count"),
    "text_answer": _places("text"),
    "group_phrase": _places("count", "plural"),
    "group_sentence": _places("group"),
    "rest_sentence": _places("list"),
    "text_sentence": _places("phrase", "text"),
}


@dataclass(frozen=True)
class AttributeKind:
    """Words of which a thing has one as a rule, such as colours, and how to ask for them.

    >>> AttributeKind("color", ("red", "gray|grey"), ("What color is the {phrase}?",)).of(("shiny", "Grey"))
    {'Grey': 'gray|grey'}

    Raises:
        SettingsError: `wording`: a question lacks `{phrase}`, or there is no word.
    """

    name: str
    """What it is a kind of."""
    words: tuple[str, ...]
    """The attributes of this kind, in lower case; `|` between words that nobody can hold apart."""
    questions: tuple[str, ...] = ()
    """Alternatives, with `{phrase}`; none: it tells things apart, and nobody asks for it."""

    def __post_init__(self) -> None:
        if not self.words:
            raise SettingsError("wording", f"attribute kind `{self.name}` must have words; got none.")
        if self.questions:
            _check_alternatives(f"questions of attribute kind {self.name}", self.questions, _places("phrase"))

    def of(self, attributes: Sequence[str]) -> dict[str, str]:
        """Those of the attributes that are of this kind, each with its entry in `words`."""
        entries = {word: entry for entry in self.words for word in entry.split("|")}
        return {each: entries[each.lower()] for each in attributes if each.lower() in entries}


def _default_kinds() -> tuple[AttributeKind, ...]:
    colors, materials, shapes, sizes = (tuple(text.split()) for text in (_COLORS, _MATERIALS, _SHAPES, _SIZES))
    return (
        AttributeKind("color", colors, ("What color is the {phrase}?", "Which color does the {phrase} have?")),
        AttributeKind("material", materials, ("What is the {phrase} made of? Answer with an adjective.",)),
        AttributeKind("shape", shapes, ("What shape is the {phrase}?", "Which shape does the {phrase} have?")),
        AttributeKind("size", sizes),
    )


@dataclass(frozen=True)
class RowWording:
    """Our own words by default; a model that knows fewer words gets its own.

    Of several alternatives a row takes one by seed and row id. Places: `{name}` and `{plural}` a kind of thing,
    `{phrase}` one thing ("red duck", "three chairs"), `{a_name}`, `{a_phrase}` with an article, `{box}` as `BoxText`
    writes it, `{count}`, `{text}` what was read.

    >>> RowWording(count=("Count the {plural}.", "How many?"))
    Traceback (most recent call last):
    ...
    code_caption.errors.SettingsError: wording `count` must hold one of {name}, {plural}; got 'How many?'.

    Raises:
        SettingsError: `wording`: a place is unknown or missing, or there is no text; `numbers`.
    """

    code: tuple[str, ...] = (
        "Write this image as Python code: a class Scene with its caption, elements, groups and relations.",
        "Turn the image into a Python class Scene that lists what is in it and where.",
    )
    """Asks for the code caption."""
    caption: tuple[str, ...] = ("Describe this image in detail.", "What is in this image? Tell all that can be seen.")
    """Asks for the plain caption."""
    region: tuple[str, ...] = ("Describe what is in the box {box}.", "What is at {box} in this image?")
    """Asks what a box holds; `{box}`."""
    grounding: tuple[str, ...] = (
        "Find the {phrase} in this image and give the box.",
        "Give the box around the {phrase}.",
    )
    """Asks for a box; `{phrase}`."""
    boxes: tuple[str, ...] = (
        "Find all {plural} in this image and give their boxes.",
        "Give the box of each of the {plural}.",
    )
    """Asks for every box of one name; `{plural}` or `{name}`."""
    count: tuple[str, ...] = ("How many {plural} are there?", "Count the {plural} in this image.")
    """Asks for a number; `{plural}` or `{name}`."""
    text: tuple[str, ...] = ("What is written on the {phrase}?", "Read the text on the {phrase}.")
    """Asks what is written; `{phrase}`."""
    exist: tuple[str, ...] = ("Does this image show {a_name}?", "Can you see {a_name} in this image?")
    """Asks for yes or no; `{a_name}`, `{name}` or `{plural}`."""
    attribute_kinds: tuple[AttributeKind, ...] = field(default_factory=_default_kinds)
    """Which attributes are asked for and how; they also decide which things an attribute tells apart."""
    region_answer: str = "{a_phrase}"
    """Where an element has no caption; `{a_phrase}` or `{phrase}`."""
    grounding_answer: str = "{box}"
    """`{box}`."""
    boxes_answer: str = "{boxes}"
    """`{boxes}`: all of them, row by row from the top, with commas between."""
    count_answer: str = "{count}"
    """`{count}`."""
    text_answer: str = "{text}"
    """`{text}`."""
    exist_answers: tuple[str, str] = ("Yes", "No")
    """For what is there and what is not."""
    group_phrase: str = "{count} {plural}"
    """A group as one thing; `{count}` and `{plural}`."""
    group_sentence: str = "There are {group} together."
    """In the plain caption; `{group}` is the group's phrase."""
    rest_sentence: str = "Also in the image: {list}."
    """In the plain caption, for the elements that have no caption of their own; `{list}`."""
    text_sentence: str = 'The text on the {phrase} reads "{text}".'
    """In the plain caption; `{phrase}` and `{text}`."""
    numbers: Literal["words", "digits"] = "words"
    """How counts are written; words reach to twenty, digits go on from there."""
    nouns: NounForms = field(default_factory=NounForms)
    """Plurals and articles."""

    def __post_init__(self) -> None:
        for name, places in _QUESTIONS.items():
            _check_alternatives(name, getattr(self, name), places)
        for name, places in _TEMPLATES.items():
            check_template(name, getattr(self, name), places)
        _check_alternatives("exist_answers", self.exist_answers, ())
        if len(set(self.exist_answers)) != 2 or len(self.exist_answers) != 2:
            raise SettingsError("wording", f"exist_answers must be two different texts; got {self.exist_answers!r}.")
        if self.numbers not in ("words", "digits"):
            raise SettingsError("numbers", f"numbers must be words or digits; got {self.numbers!r}.")

    def number(self, count: int) -> str:
        """A count as it is written.

        >>> RowWording().number(3), RowWording().number(21), RowWording(numbers="digits").number(3)
        ('three', '21', '3')
        """
        return number_word(count) if self.numbers == "words" else str(count)

    def several(self, name: str, count: int) -> str:
        """So many things of one name, as a phrase.

        >>> RowWording().several("red chair", 3), RowWording().several("chair", 1)
        ('three red chairs', 'chair')
        """
        if count == 1:
            return name
        return self.group_phrase.format(count=self.number(count), plural=self.nouns.plural(name))

    def several_with_article(self, name: str, count: int) -> str:
        """The same where an article is wanted; one thing alone takes one."""
        return self.nouns.with_article(name) if count == 1 else self.several(name, count)


def _check_alternatives(name: str, texts: object, places: Places) -> None:
    if not isinstance(texts, tuple) or not texts:
        raise SettingsError("wording", f"wording `{name}` must be a tuple of texts; got {texts!r}.")
    for text in cast("tuple[object, ...]", texts):
        check_template(name, text, places)
