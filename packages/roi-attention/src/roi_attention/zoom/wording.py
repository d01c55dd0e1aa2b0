"""The words of a zoom dialogue, and questions put into them."""

from __future__ import annotations

from dataclasses import dataclass

from roi_attention.errors import ZoomError

IMAGE_MARK = "<image>"
"""What stands for an image in LLaVA JSON; it cannot be part of a text."""

_QUOTES = (('"', '"'), ("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"))


@dataclass(frozen=True)
class Wording:
    """Our own texts of the turns; `{question}` becomes the question in quotation marks, `{region}` the second image.

    The order of a dialogue: image, `where_request`; box; `region_is` followed by `answer_request`; answer. Released
    weights must be asked in the words that they were trained with, which differ from ours.

    Raises:
        ZoomError: `wording` when a placeholder is missing, repeated or out of place.

    >>> Wording(region_is="Look: {region} ").region_is
    'Look: {region} '
    """

    where_request: str = (
        "Before answering the question {question}, say which part of the image has to be looked at more closely. "
        "Reply with its box."
    )
    """What asks for the box."""
    region_is: str = "Here is that part of the image, enlarged: {region}"
    """What presents the crop."""
    answer_request: str = "Now answer the question {question}"
    """What asks for the answer, right behind `region_is`."""
    others_prefix: str = "The next questions are about the whole image. "
    """What stands before the first of further questions on the same image."""
    quotes: bool = True
    """Whether questions stand in quotation marks; a small model may know its questions without them only."""

    def __post_init__(self) -> None:
        for name in ("where_request", "answer_request"):
            _require_placeholders(name, getattr(self, name), question=1, region=0)
        _require_placeholders("region_is", self.region_is, question=0, region=1)
        _require_placeholders("others_prefix", self.others_prefix, question=0, region=0)

    def named(self, question: str) -> str:
        """The question as it stands in requests.

        Raises:
            ZoomError: `no_question`, `placeholder_in_text`, `not_unicode`, `quotes`.

        >>> Wording(quotes=False).named(" How many? ")
        'How many?'
        """
        text = checked_text(question, "question")
        return quoted(text) if self.quotes else text


def quoted(question: str) -> str:
    """The question in the first quotation marks of which it holds none, its own text untouched.

    >>> print(quoted('What does "EXIT" mean?'))
    “What does "EXIT" mean?”

    Raises:
        ZoomError: `quotes` when it holds marks of every kind.
    """
    for opening, closing in _QUOTES:
        if opening not in question and closing not in question:
            return opening + question + closing
    raise ZoomError("quotes", f"a question holds quotation marks of every kind; got {question[:80]!r}. Reword it.")


def checked_text(text: str, what: str) -> str:
    """The text without blanks around it, if it can be a turn's.

    >>> checked_text("  What is it?\\n", "question")
    'What is it?'

    Raises:
        ZoomError: `no_question` or `no_answer` (empty), `placeholder_in_text`, `not_unicode` (half a character).
    """
    kept = text.strip()
    if not kept:
        raise ZoomError(f"no_{what}", f"a {what} must have a text; got {text[:80]!r}.")
    if IMAGE_MARK in kept:
        raise ZoomError("placeholder_in_text", f"a {what} holds a literal {IMAGE_MARK}; got {kept[:80]!r}.")
    if any("\ud800" <= character <= "\udfff" for character in kept):
        raise ZoomError("not_unicode", f"a {what} holds half a character (a lone surrogate); got {kept[:80]!r}.")
    return kept


def _require_placeholders(name: str, text: str, **counts: int) -> None:
    for placeholder, count in counts.items():
        mark = "{" + placeholder + "}"
        if text.count(mark) != count:
            raise ZoomError("wording", f"{name} must hold {mark} {'once' if count else 'nowhere'}; got {text!r}.")
    if IMAGE_MARK in text:
        raise ZoomError("wording", f"{name} must not hold {IMAGE_MARK}; the place of an image is {{region}}.")
