"""The options of a question, and which of them an answer picks: by letter, by text, by place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from answer_judge.errors import OptionError
from answer_judge.normalising import normalise

_LEAD = re.compile(
    r"^(?:(?:so|thus|therefore|hence|final|my|the|correct|right|best|i|would|choose|pick|select|say|think|go with"
    r"|answer|option"
    r"|choice|is|it's|it|that|letter)\b[\s:,]*|\\boxed\{|[*\"'`])+",
    re.IGNORECASE,
)
_ALONE = re.compile(r"[(\[]?([A-Za-z]|\d{1,2})[)\].:,;*}\"'\s]*")
_LETTERED = re.compile(
    r"(?:[(\[]([A-Za-z]|\d{1,2})[)\]]|([A-Za-z]|\d{1,2})(?:[).:\]]|\s+[-=]))[\s:.*-]*(\S.*)", re.DOTALL
)
_LABELLED_REFERENCE = re.compile(r"\(?([A-Z])\)\s*(\S.*)")
_CAPITAL_FIRST = re.compile(r"([B-HJ-Z])[,\s]\s*(\S.*)", re.DOTALL)
_CAPITAL_LAST = re.compile(r"[(\s]([B-HJ-Z])[)\s.!]*$")
_CAPITALS = re.compile(r"\b([A-Z])\b(?!['’]|\s+[a-z])|\b([B-HJ-Z])\b(?!['’])|\b(A)\b(?=\s+(?:or|and|nor)\s+[A-Z]\b)")
_REASON = re.compile(r"(?:because|since|as|for|due to|given|is (?:correct|right|the))\b", re.IGNORECASE)
_A_WITH_REASON = re.compile(
    r"(A)\s+((?:because|since|as|is (?:correct|right|the (?:answer|right|correct|best)))\b.*)", re.DOTALL
)
_PLACE = re.compile(
    r"^(?:it is |the )*(?:(first|second|third|fourth|fifth|sixth|last)(?: one| option| choice| answer)"
    r"|(?<=the )(first|second|third|fourth|last)|(?:option|number|choice) (\d))\W*$",
    re.IGNORECASE,
)
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "last": -1}
_MANY = re.compile(r"^(?:both|all|neither|none|either|any|each)\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|neither|nor|except|isn't|cannot|never)\b", re.IGNORECASE)
_MOST_WORDS_OF_A_NAME = 3


class Options(Mapping[str, str]):
    """Letters and texts, in the question's order; hashable, keys in upper case.

    >>> Options({"a": "cat", "b": "dog"})["B"]
    'dog'
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take letters (or numbers of up to two digits) and their texts.

        Raises:
            OptionError: no options, or a key that is no letter and no number, or one that comes twice.
        """
        self._texts = {key.strip().upper(): text for key, text in texts.items()}
        if not texts or len(self._texts) < len(texts) or not all(map(_ALONE.fullmatch, self._texts)):
            raise OptionError(f"options need different letters A-Z or numbers as keys; got {list(texts)}")

    def __getitem__(self, key: str) -> str:
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __hash__(self) -> int:
        return hash(tuple(self._texts.items()))

    def __repr__(self) -> str:
        return f"Options({self._texts!r})"


class Pick(NamedTuple):
    """What an answer picks."""

    letter: str = ""
    """The one letter that it names; empty for none or several."""
    text: str = ""
    """What it says besides."""
    problem: str = ""
    """Why it picks no single option."""


def text_of_reference(reference: str, options: Mapping[str, str]) -> str:
    """Return the text of the option that a reference names by its letter; any other reference as it is.

    >>> text_of_reference("(b)", Options({"A": "cat", "B": "dog"}))
    'dog'
    """
    match = _ALONE.fullmatch(reference.strip())
    lettered = match or _LETTERED.fullmatch(reference.strip())
    letter = (lettered[1] or lettered[2] if lettered and not match else lettered[1] if lettered else "").upper()
    if letter not in options or (not match and lettered and normalise(lettered[3]) != normalise(options[letter])):
        return reference
    return options[letter]


def letter_of_reference(reference: str) -> Pick | None:
    """Return the letter of a reference such as `B`, `(B)` or `B) dog`, with its text; None for anything else."""
    alone = _ALONE.fullmatch(reference.strip())
    if alone and alone[1].isalpha():
        return Pick(alone[1].upper())
    labelled = _LABELLED_REFERENCE.fullmatch(reference.strip())
    return Pick(labelled[1], labelled[2]) if labelled else None


def letter_of(answer: str, options: Mapping[str, str] | None = None) -> Pick | None:
    """Return the letter that an answer names, with the text beside it; None if it names none.

    A capital A before a word is an article, and I before a word a pronoun.

    >>> letter_of("Option (B): dog"), letter_of("A dog")
    (Pick(letter='B', text='dog', problem=''), None)
    >>> letter_of("A or B").problem
    'names several options: A, B'
    """
    capitals = sorted({letter for letter in _capitals(answer) if options is None or letter in options})
    if _DENIED.search(answer) and capitals:
        return Pick(problem=f"denies option {capitals[0]}")
    bare = _LEAD.sub("", answer.strip())
    alone = _ALONE.fullmatch(bare)
    if alone:
        known = options is not None and alone[1].upper() in options
        return Pick(alone[1].upper()) if alone[1].isalpha() or known else None
    if len(capitals) > 1 and not _LETTERED.fullmatch(bare):
        return Pick(problem=f"names several options: {', '.join(capitals)}")
    match = _LETTERED.fullmatch(bare)
    if match:
        letter = (match[1] or match[2]).upper()
        return Pick(letter, match[3]) if options is None or letter in options else None
    first = _CAPITAL_FIRST.fullmatch(bare) or _A_WITH_REASON.fullmatch(bare)
    if first and (options is None or first[1] in options):
        return Pick(first[1], first[2])
    last = _CAPITAL_LAST.search(bare)
    return Pick(last[1]) if last and options is not None and last[1] in options else None


def _capitals(answer: str) -> list[str]:
    return ["".join(groups) for groups in _CAPITALS.findall(answer)]


def place_of(answer: str, options: Mapping[str, str]) -> str:
    """Return the letter of `the second one` or `option 2`; empty if no place is named.

    >>> place_of("The second one.", {"A": "cat", "B": "dog"})
    'B'
    """
    match = _PLACE.match(answer.strip())
    if not match:
        return ""
    place = int(match[3]) - 1 if match[3] else _PLACES[(match[1] or match[2]).lower()]
    return list(options)[place] if -1 <= place < len(options) else ""


def names_many(answer: str) -> bool:
    """Whether an answer begins with `both`, `all`, `none` and the like."""
    return bool(_MANY.match(answer.strip()))


def is_reason(text: str) -> bool:
    """Whether the text beside a letter is a reason and no name: it begins with `because`, or has many words."""
    return bool(_REASON.match(text)) or len(text.split()) > _MOST_WORDS_OF_A_NAME
