"""Turns whose texts mark images by `<image>`, as ms-swift and LLaMA-Factory read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llava_train.dialogue import Dialogue
from llava_train.errors import RowError, SettingsError

TAG = "<image>"

Weights = Literal["refuse", "drop"]
"""What an export does with an answer weight that its format cannot carry."""


def tagged_content(message: Mapping[str, Any], reserved: Sequence[str]) -> str:
    """The text of a message, with a tag in the place of each image; nothing is put between tag and text.

    Raises:
        RowError: `tag_in_text` where a text holds the tag or another reserved one, which the reader would take for it.
    """
    for part in message["content"]:
        found = next((tag for tag in reserved if tag in part.get("text", "")), None)
        if found is not None:
            raise RowError("tag_in_text", f"a {message['role']} text holds the literal {found!r}, which has a meaning.")
    content = "".join(TAG if part["type"] == "image" else part["text"] for part in message["content"])
    if content.count(TAG) != sum(part["type"] == "image" for part in message["content"]):
        raise RowError("tag_in_text", f"two texts of a {message['role']} turn make the literal {TAG!r} together.")
    return content


def content_to_parts(content: str) -> list[dict[str, str]]:
    """The inverse of `tagged_content`; neighbouring texts are one.

    >>> content_to_parts("<image>What is it?")
    [{'type': 'image'}, {'type': 'text', 'text': 'What is it?'}]
    """
    parts: list[dict[str, str]] = []
    for k, text in enumerate(content.split(TAG)):
        parts += [{"type": "image"}] if k else []
        parts += [{"type": "text", "text": text}] if text else []
    return parts


def require_weights(weights: str) -> None:
    """Check the choice.

    Raises:
        SettingsError: it is none.
    """
    if weights not in ("refuse", "drop"):
        raise SettingsError(f"weights must be 'refuse' or 'drop'; got {weights!r}.")


def refuse_weights(dialogue: Dialogue, weights: Weights, reader: str) -> None:
    """Check that a reader without answer weights loses none unasked.

    Raises:
        RowError: `weight` where an answer has another weight than 1 and weights are not to be dropped.
    """
    lost = next((weight for weight in dialogue.answer_weights if weight != 1), None)
    if lost is not None and weights == "refuse":
        raise RowError(
            "weight", f"{reader} cannot carry the answer weight {lost}; pass weights='drop' to learn it at 1."
        )
