"""Ask a model in two turns: where it wants to look, and what it then answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from box_space import Box, BoxError, ImageError, open_image
from PIL import Image

from roi_attention.errors import ZoomError
from roi_attention.zoom.conversations import Conversation, Failure, HasReason, Respond, collect_replies, failure_of
from roi_attention.zoom.pictures import crop_picture, shown_picture
from roi_attention.zoom.settings import ZoomSettings
from roi_attention.zoom.turns import Message, answer_turn, reply, where_turn
from roi_attention.zoom.where_texts import Where

ChooseBox = Callable[[Image.Image, str, Where], Box]
"""(original, question, how the model's words were read) -> the box to cut out: a control, or the true box."""


@dataclass(frozen=True)
class ZoomItem:
    """One question on one image."""

    id: str
    """Unique among the items of a call."""
    image: str | os.PathLike[str] | Image.Image
    """The original: a path, opened by `box_space.open_image`, or a picture."""
    question: str
    instruction: str = ""
    """Put behind the second quoted question, outside the quotes."""


@dataclass(frozen=True)
class Looked:
    """One question, asked in two turns."""

    id: str
    question: str
    where_text: str
    """What the model wrote in the first turn."""
    where: Where
    """How that was read; `where.verdict` is to be counted."""
    box: Box
    """What was cut out: the model's box, or that of `choose_box`."""
    crop: Image.Image
    """What the model was shown of it."""
    answer: str
    """What the model wrote in the second turn."""
    messages: tuple[Message, ...]
    """The turns that the answer followed."""


@dataclass(frozen=True)
class _First:
    """An item with its first turn."""

    item: ZoomItem
    image: Image.Image
    asked: Conversation


@dataclass(frozen=True)
class _Second:
    """An item with its second turn."""

    item: ZoomItem
    where_text: str
    where: Where
    box: Box
    asked: Conversation


_Turn = TypeVar("_Turn", _First, _Second)


def ask(
    respond: Respond,
    image: str | os.PathLike[str] | Image.Image,
    question: str,
    *,
    instruction: str = "",
    settings: ZoomSettings | None = None,
    choose_box: ChooseBox | None = None,
) -> Looked:
    """Ask one question in two turns; as `ask_many`.

    Raises:
        ZoomError: with the reason of the failure.

    >>> said = iter(["[0.1, 0.1, 0.6, 0.6]", "Two"])
    >>> looked = ask(lambda asked: [next(said)], Image.new("RGB", (100, 100)), "How many?")
    >>> looked.answer, looked.where.verdict, looked.crop.size
    ('Two', 'ok', (50, 50))
    """
    item = ZoomItem("0", image, question, instruction)
    (result,) = ask_many(respond, [item], settings=settings, choose_box=choose_box)
    if isinstance(result, Failure):
        raise ZoomError(result.reason, f"the turn {result.stage!r} failed: {result.detail}")
    return result


def ask_many(
    respond: Respond,
    items: Sequence[ZoomItem],
    *,
    settings: ZoomSettings | None = None,
    choose_box: ChooseBox | None = None,
) -> list[Looked | Failure]:
    """Ask all first turns together, cut the boxes out, then ask all second turns; results in the order of items.

    A box that cannot be read becomes the whole picture, and its canonical text goes into the history in place of what
    the model wrote; so does that of a box whose text was not in form. All pictures of a call are in memory at once.

    Args:
        respond: the model.
        items: the questions.
        settings: those of the training.
        choose_box: overrules the model's box; the history then has the text of the chosen one.

    Raises:
        ZoomError: `repeated_id`, or `wrong_count` when `respond` gives more or fewer texts than were asked for.

    Source: Liu et al., Chain-of-Spot, arXiv 2403.12966; reading of boxes, history and batches are our own.
    """
    settings = settings or ZoomSettings()
    if len({item.id for item in items}) < len(items):
        raise ZoomError("repeated_id", "each item must have an id of its own; two are equal.")
    firsts = [_first(item, settings) for item in items]
    seconds = [
        turn if isinstance(turn, Failure) else _second(*turn, settings, choose_box)
        for turn in _with_replies(respond, firsts)
    ]
    return [turn if isinstance(turn, Failure) else _looked(*turn) for turn in _with_replies(respond, seconds)]


def _with_replies(respond: Respond, turns: Sequence[_Turn | Failure]) -> list[tuple[_Turn, str] | Failure]:
    """Each turn with what came back; a failure stays what it is and is not asked."""
    replies = iter(collect_replies(respond, [turn.asked for turn in turns if not isinstance(turn, Failure)]))
    return [turn if isinstance(turn, Failure) else _with_reply(turn, next(replies)) for turn in turns]


def _with_reply(turn: _Turn, text: str | Exception | HasReason) -> tuple[_Turn, str] | Failure:
    return (turn, text) if isinstance(text, str) else failure_of(turn.item.id, turn.asked.stage, text)


def _first(item: ZoomItem, settings: ZoomSettings) -> _First | Failure:
    try:
        image = item.image if isinstance(item.image, Image.Image) else open_image(item.image)
        messages = (where_turn(item.question, settings.wording),)
        answer_turn(item.question, settings.wording, instruction=item.instruction)  # refused now, not after a turn
        shown = shown_picture(image, settings.frame)
    except (ZoomError, ImageError) as error:
        return failure_of(item.id, "where", error)
    return _First(item, image, Conversation(f"{item.id}/where", "where", messages, (shown,)))


def _second(first: _First, text: str, settings: ZoomSettings, choose_box: ChooseBox | None) -> _Second | Failure:
    item = first.item
    where = settings.read(text, first.image.size)
    try:
        box = where.box if choose_box is None else choose_box(first.image, item.question, where)
        history = where.text if box == where.box else settings.text(box)
        crop = crop_picture(first.image, box, settings.frame, shortest_px=settings.shortest_px)
    except (ZoomError, BoxError) as error:
        return failure_of(item.id, "answer", error)
    question = answer_turn(item.question, settings.wording, instruction=item.instruction)
    messages = (*first.asked.messages, reply(history), question)
    asked = Conversation(f"{item.id}/answer", "answer", messages, (*first.asked.images, crop))
    return _Second(item, text, where, box, asked)


def _looked(second: _Second, answer: str) -> Looked:
    item, asked = second.item, second.asked
    return Looked(
        id=item.id,
        question=item.question,
        where_text=second.where_text,
        where=second.where,
        box=second.box,
        crop=asked.images[-1],
        answer=answer,
        messages=asked.messages,
    )
