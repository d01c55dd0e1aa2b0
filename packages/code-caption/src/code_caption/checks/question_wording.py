"""How each question is worded: one text each, with named places."""

from __future__ import annotations

from dataclasses import dataclass, fields

from code_caption.words.templates import Places, check_template

_NAME = frozenset({"name", "a_name"})
_PHRASE = frozenset({"phrase", "a_phrase"})
_COUNTED = frozenset({"plural", "name"})

_NEEDED: dict[str, Places] = {
    "exists": (_NAME,),
    "claims": (_PHRASE,),
    "at_least": (frozenset({"count"}), _COUNTED),
    "how_many": (_COUNTED,),
}
"""Of each set at least one must be there."""

_ALLOWED: dict[str, frozenset[str]] = {
    "region": _NAME | {"box"},
    "read": _NAME | {"box"},
    "pair": frozenset({"a", "b", "box"}),
}


@dataclass(frozen=True)
class QuestionWording:
    """The questions of a run; `{a_name}` is the name with its article, `{box}` a box as the model writes boxes.

    >>> QuestionWording(exists="Is it there?")
    Traceback (most recent call last):
    ...
    code_caption.errors.SettingsError: wording `exists` must hold at least one of {a_name}, {name}; got 'Is it there?'.

    Raises:
        SettingsError: a text holds an unknown place, or lacks one that it needs.
    """

    detailed: str = (
        "Tell what this image shows, thing by thing: name every visible thing with its color, material and place. "
        "Be exact and brief, at most 120 words."
    )
    """Asks for the detailed caption."""
    general: str = "In one or two plain sentences, what does this image show?"
    """Asks for the short caption."""
    exists: str = "Look closely. Can you see {a_name} in this picture? Answer yes or no."
    """Checks a box by its name."""
    claims: str = 'Look closely. Is "{phrase}" a true description of something in this picture? Answer yes or no.'
    """Checks a phrase of a caption."""
    at_least: str = "Are there at least {count} {plural} in this image? Answer yes or no."
    """Checks a count."""
    how_many: str = "How many {plural} are there in this image? Answer with a number."
    """Asks for a count."""
    region: str = (
        "Describe the {name} in this picture in exactly one sentence that begins with the word {name}. "
        "Prefer its color, shape and material."
    )
    """Asks for an element's caption."""
    read: str = 'Which text is written here? Give the text alone, or the word "no" if there is none.'
    """Asks for what is written on an element."""
    pair: str = "In one sentence, how do {a} and {b} in this picture stand to each other? Name both."
    """Asks for a sentence about two things."""

    def __post_init__(self) -> None:
        for one in fields(self):
            more = _ALLOWED.get(one.name, frozenset())
            check_template(one.name, getattr(self, one.name), _NEEDED.get(one.name, ()), more=more, just_one=False)
