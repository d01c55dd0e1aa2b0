"""Training rows: the zoom dialogue of one question, the plain row that is its control, and both in LLaVA's form."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from roi_attention.errors import ZoomError
from roi_attention.zoom.turns import Message, answer_turn, plain_turn, reply, where_turn
from roi_attention.zoom.wording import IMAGE_MARK, Wording

ImageRef = str | os.PathLike[str] | Image.Image
"""A path or a picture in memory."""
Row = dict[str, Any]
"""`{"id", "messages", "images"}`, as `llava-train` reads it."""


@dataclass(frozen=True)
class TurnWeights:
    """What the losses of a turn's tokens are multiplied by; 0 shows a turn without learning it.

    Raises:
        ZoomError: `weights` when one is negative or not finite, or both are 0.
    """

    where: float = 1.0
    """Of the box: its 26 or so tokens can drown an answer of one."""
    answer: float = 1.0
    """Of every answer."""

    def __post_init__(self) -> None:
        weights = (self.where, self.answer)
        if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
            raise ZoomError("weights", f"turn weights must be finite, from 0 up and not all 0; got {weights}.")


def zoom_row(
    question: str,
    answer: str,
    where: str,
    pictures: Sequence[ImageRef],
    *,
    row_id: str,
    others: Sequence[tuple[str, str]] = (),
    instruction: str = "",
    wording: Wording | None = None,
    weights: TurnWeights | None = None,
) -> Row:
    """The dialogue of one question: image and request, box; crop and question, answer; then further pairs.

    A question without a known region trains the box turn on the whole picture unless its weight is 0; or take
    `plain_row`.

    Args:
        question: in its own words, with the data set's instruction if that is part of it; quoted twice.
        answer: what is to be learned.
        where: the canonical text of the box (`where_text`).
        pictures: the picture as shown and the crop (`zoom_pictures`), or paths of both.
        row_id: of the row.
        others: further questions on the image and their answers, in order (published: all of them).
        instruction: put behind the second quoted question instead, outside the quotes.
        wording: the texts.
        weights: of the turns.

    Raises:
        ZoomError: `no_question`, `no_answer`, `placeholder_in_text`, `not_unicode`, `quotes`, `image_count`.

    Source: Liu et al., Chain-of-Spot, arXiv 2403.12966; in our own words, turn weights added.

    >>> row = zoom_row("How many?", "Two", "[0.1, 0.1, 0.5, 0.5]", ["a.png", "a-crop.png"], row_id="7")
    >>> [message["role"] for message in row["messages"]]
    ['user', 'assistant', 'user', 'assistant']
    """
    wording, weights = wording or Wording(), weights or TurnWeights()
    if len(pictures) != 2:
        raise ZoomError("image_count", f"a zoom row has two pictures, shown and crop; got {len(pictures)}.")
    messages = [
        where_turn(question, wording),
        reply(where, weights.where),
        answer_turn(question, wording, instruction=instruction),
        reply(answer, weights.answer),
        *_further(others, wording.others_prefix, weights.answer),
    ]
    return {"id": row_id, "messages": messages, "images": list(pictures)}


def plain_row(
    question: str, answer: str, picture: ImageRef, *, row_id: str, others: Sequence[tuple[str, str]] = ()
) -> Row:
    """The same question without a zoom, for controls: image and question, answer; then further pairs.

    Raises:
        ZoomError: `no_question`, `no_answer`, `placeholder_in_text`, `not_unicode`.

    >>> plain_row("How many?", "Two", "a.png", row_id="7")["messages"][0]["content"]
    [{'type': 'image'}, {'type': 'text', 'text': 'How many?'}]
    """
    messages = [plain_turn(question, has_image=True), reply(answer), *_further(others, "", 1.0)]
    return {"id": row_id, "messages": messages, "images": [picture]}


def row_to_conversations(row: Mapping[str, Any]) -> Row:
    """A row in LLaVA's published form: `conversations` with one `<image>` for each picture, and `image`.

    Weights stay in the turns, where LLaVA's own loader passes over them; a weight that is None, as tables fill up their
    columns, is none.

    Raises:
        ZoomError: `image_kind` when a picture is not a path.

    >>> row = zoom_row("How many?", "Two", "[0.1, 0.1, 0.5, 0.5]", ["a.png", "a-crop.png"], row_id="7")
    >>> row_to_conversations(row)["conversations"][2]["value"]
    'Here is that part of the image, enlarged: <image>\\nNow answer the question "How many?"'
    """
    paths = [_path(picture) for picture in row["images"]]
    image = {"image": paths[0] if len(paths) == 1 else paths} if paths else {}
    return {"id": row["id"], **image, "conversations": [_to_conversation(message) for message in row["messages"]]}


def _further(others: Sequence[tuple[str, str]], prefix: str, weight: float) -> list[Message]:
    messages: list[Message] = []
    for k, (question, answer) in enumerate(others):
        messages.append(plain_turn(question, has_image=False, prefix="" if k else prefix))
        messages.append(reply(answer, weight))
    return messages


def _to_conversation(message: Message) -> dict[str, Any]:
    speaker = "human" if message["role"] == "user" else "gpt"
    weight = {} if message.get("weight") is None else {"weight": message["weight"]}
    return {"from": speaker, "value": _to_value(message["content"]), **weight}


def _to_value(parts: Sequence[Mapping[str, str]]) -> str:
    """Parts as one text; a reader takes one line break on either side of the mark away."""
    value = ""
    for part in parts:
        if part["type"] == "image":
            value += "\n" * value.endswith("\n") + IMAGE_MARK + "\n"
        else:
            value += part["text"]
    return value


def _path(picture: ImageRef) -> str:
    if isinstance(picture, Image.Image):
        raise ZoomError("image_kind", "LLaVA's form holds paths alone; save the picture and put its path into the row.")
    return os.fspath(picture)
