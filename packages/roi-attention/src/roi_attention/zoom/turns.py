"""The turns of a zoom dialogue as chat messages: the same code for training rows and for asking."""

from __future__ import annotations

from typing import Any

from roi_attention.zoom.wording import Wording, checked_text

Message = dict[str, Any]
"""`{"role", "content": [{"type": "image"} or {"type": "text", "text"}]}`."""


def where_turn(question: str, wording: Wording) -> Message:
    """The first turn: the image and the request for a box.

    Raises:
        ZoomError: `no_question`, `placeholder_in_text`, `not_unicode`, `quotes`.

    >>> where_turn("How many?", Wording(where_request="Where, for {question}?"))["content"]
    [{'type': 'image'}, {'type': 'text', 'text': 'Where, for "How many?"?'}]
    """
    return _user(_image(), _text(wording.where_request.replace("{question}", wording.named(question))))


def answer_turn(question: str, wording: Wording, *, instruction: str = "") -> Message:
    """The third turn: the crop, the question again and, on a line of its own, an instruction outside the quotes.

    Raises:
        ZoomError: as `where_turn`.
    """
    before, after = wording.region_is.split("{region}")
    request = after + wording.answer_request.replace("{question}", wording.named(question))
    if instruction:
        request += "\n" + checked_text(instruction, "instruction")
    return _user(*([_text(before)] if before else []), _image(), _text(request))


def plain_turn(question: str, *, has_image: bool, prefix: str = "") -> Message:
    """A question as it is, the image in front of it if it is the first.

    Raises:
        ZoomError: `no_question`, `placeholder_in_text`, `not_unicode`.
    """
    return _user(*([_image()] if has_image else []), _text(prefix + checked_text(question, "question")))


def reply(text: str, weight: float = 1.0) -> Message:
    """An assistant's turn; a loss weight other than 1 goes with it.

    Raises:
        ZoomError: `no_answer`, `placeholder_in_text`, `not_unicode`.

    >>> reply("Two", 0.5)
    {'role': 'assistant', 'content': [{'type': 'text', 'text': 'Two'}], 'weight': 0.5}
    """
    message: Message = {"role": "assistant", "content": [_text(checked_text(text, "answer"))]}
    return message if weight == 1 else {**message, "weight": weight}


def _user(*parts: dict[str, str]) -> Message:
    return {"role": "user", "content": list(parts)}


def _image() -> dict[str, str]:
    return {"type": "image"}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
