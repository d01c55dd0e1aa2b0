"""One training row as a checked dialogue with its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from PIL import Image

from llava_train.errors import RowError

Row = dict[str, Any]
ImageRef = str | Image.Image

_MOST_WEIGHT = 1e6
"""Beyond it, and below its inverse, sums of float32 weights would lose their neighbours."""


@dataclass(frozen=True)
class Dialogue:
    """Chat turns with content parts, and the images that their image parts stand for, in order."""

    messages: tuple[dict[str, Any], ...]
    """Each `{"role", "content": [{"type": "image"} or {"type": "text", "text"}]}`."""
    images: tuple[ImageRef, ...]
    """Paths or PIL images, one for each image part."""
    answer_weights: tuple[float, ...] = ()
    """What each answer's token losses are multiplied by, in order; 0: shown, not learned. Empty: all 1."""

    @property
    def answer_turns(self) -> tuple[int, ...]:
        """Positions of the assistant's turns in `messages`."""
        return tuple(k for k, message in enumerate(self.messages) if message["role"] == "assistant")


def read_dialogue(row: Mapping[str, Any]) -> Dialogue:
    """Read `messages` and `images` (or `image`) of a row; plain-text contents of TRL rows get their images in front.

    Images inside content parts (`{"type": "image", "image": ...}`) are taken in order; a row uses these or the column.
    An assistant's turn may carry `"weight"`, 0 or more.

    >>> row = {"messages": [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A duck."}],
    ...        "images": ["duck.png"]}
    >>> read_dialogue(row).messages[0]["content"]
    [{'type': 'image'}, {'type': 'text', 'text': 'What is it?'}]

    Raises:
        RowError: roles, contents or the number of images are not those of a dialogue that ends in an answer; `weight`
            where one is neither 0 nor from 1e-6 to 1e6 or stands in another turn, `nothing_to_learn` where all are 0.
    """
    messages, images = read_turns(row)
    _check_roles([message["role"] for message in messages])
    _check_answers(messages)
    _check_image_count(messages, images)
    return Dialogue(tuple(messages), images, _answer_weights(row["messages"]))


class Turns(NamedTuple):
    """What a row says, whether or not it makes a dialogue."""

    messages: list[dict[str, Any]]
    """As in `Dialogue`."""
    images: tuple[ImageRef, ...]


def read_turns(row: Mapping[str, Any]) -> Turns:
    """Read turns as parts, and images from wherever the row has them; roles and the number of images are not checked.

    Raises:
        RowError: there are no turns, a turn, part or image has another form, or images stand in parts and column.
    """
    turns = row.get("messages")
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not turns:
        raise RowError("no_messages", f"messages must be a list of turns; got {type(turns).__name__}.")
    column = _image_column(row)
    messages, inline = _with_parts(turns, len(column))
    if column and inline:
        raise RowError("image_count", "images stand both in the content parts and in the images column; use one.")
    return Turns(messages, tuple(inline or column))


def _image_column(row: Mapping[str, Any]) -> list[ImageRef]:
    images = row.get("images")
    if images is None:
        images = [] if row.get("image") is None else [row["image"]]
    if isinstance(images, (str, Image.Image)):
        images = [images]
    return [_image_ref(image) for image in images]


def _image_ref(image: Any) -> ImageRef:
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, Mapping) and image.get("path"):
        return str(image["path"])
    if isinstance(image, (str, bytes)) or hasattr(image, "__fspath__"):
        return image.decode() if isinstance(image, bytes) else str(image)
    raise RowError("image_kind", f"an image must be a path or a PIL image; got {type(image).__name__}.")


def _with_parts(turns: Sequence[Any], in_column: int) -> tuple[list[dict[str, Any]], list[ImageRef]]:
    """Contents as parts; where no part asks for an image, those of the column go before the first user text."""
    inline: list[ImageRef] = []
    messages = [_read_turn(turn, inline) for turn in turns]
    asked = sum(part["type"] == "image" for message in messages for part in message["content"])
    plain = all(isinstance(turn.get("content"), str) for turn in turns)
    first_user = next((message for message in messages if message["role"] == "user"), None)
    if in_column and not asked and plain and first_user is not None:
        first_user["content"] = [{"type": "image"} for _ in range(in_column)] + first_user["content"]
    return messages, inline


def _read_turn(turn: Any, inline: list[ImageRef]) -> dict[str, Any]:
    if not isinstance(turn, Mapping) or "role" not in turn:
        raise RowError("turn_form", "each turn must be a mapping with role and content.")
    content = turn.get("content")
    if isinstance(content, str):
        return {"role": turn["role"], "content": [_text_part(content)]}
    if not isinstance(content, Sequence):
        raise RowError("turn_form", f"content must be text or a list of parts; got {type(content).__name__}.")
    return {"role": turn["role"], "content": [_read_part(part, inline) for part in content]}


def _read_part(part: Any, inline: list[ImageRef]) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return _text_part(part["text"])
    if kind == "image":
        image = next((part[key] for key in ("image", "path", "url") if part.get(key) is not None), None)
        if image is not None:
            inline.append(_image_ref(image))
        return {"type": "image"}
    raise RowError("part_form", f"a content part must be text or image; got {kind!r}.")


def _text_part(text: str) -> dict[str, Any]:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:  # tokenizers and files would raise at it, and take the other rows with them
        shown = ascii(text[error.start])
        raise RowError("not_unicode", f"a text holds {shown}, half a character, which nobody can write.") from error
    return {"type": "text", "text": text}


def _check_roles(roles: list[str]) -> None:
    turns = roles[1:] if roles[0] == "system" else roles
    expected = ["user", "assistant"] * (len(turns) // 2)
    if not turns or turns != expected:
        raise RowError("roles", f"turns must alternate user, assistant and end in an answer; got {', '.join(roles)}.")


def _check_answers(messages: list[dict[str, Any]]) -> None:
    for k, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        if any(part["type"] == "image" for part in message["content"]):
            raise RowError("image_in_answer", f"turn {k} is an answer and cannot hold an image.")
        if not any(part["text"].strip() for part in message["content"]):
            raise RowError("empty_answer", f"turn {k} has no text to learn.")


def _answer_weights(turns: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    """The weights of the answers, 1 where none is given."""
    weights: list[float] = []
    for k, turn in enumerate(turns):
        if turn["role"] == "assistant":
            weights.append(_read_weight(turn.get("weight", 1.0), k))
        elif turn.get("weight") is not None:
            raise RowError("weight", f"turn {k} is of the role {turn['role']}; answers alone have a weight.")
    if not any(weights):
        raise RowError("nothing_to_learn", "all answers have the weight 0; leave the row out.")
    return tuple(weights)


def _read_weight(weight: Any, turn: int) -> float:
    if weight is None:  # a table with such a column has it in every row
        return 1.0
    is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not is_number or not (weight == 0 or 1 / _MOST_WEIGHT <= weight <= _MOST_WEIGHT):
        raise RowError("weight", f"the weight of turn {turn} must be 0 or from 1e-6 to 1e6; got {weight!r}.")
    return float(weight)


def _check_image_count(messages: list[dict[str, Any]], images: tuple[ImageRef, ...]) -> None:
    asked = sum(part["type"] == "image" for message in messages for part in message["content"])
    if asked != len(images):
        raise RowError("image_count", f"the turns ask for {asked} images; the row has {len(images)}.")
