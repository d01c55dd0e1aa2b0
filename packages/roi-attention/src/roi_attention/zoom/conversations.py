"""What goes to a model and what comes back: the one thing that a backend must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from PIL import Image

from roi_attention.errors import ZoomError
from roi_attention.zoom.turns import Message

Stage = Literal["where", "answer"]
"""First or second turn."""


class HasReason(Protocol):
    """Any account of why there is no text, with a slug to count by."""

    @property
    def reason(self) -> str:
        """A slug."""
        ...


@dataclass(frozen=True)
class Conversation:
    """What a model is to continue."""

    id: str
    """`ITEM/where` or `ITEM/answer`."""
    stage: Stage
    """Which turn is asked for: a box needs fewer tokens than an answer."""
    messages: tuple[Message, ...]
    """Those of the second turn begin with the very objects of the first."""
    images: tuple[Image.Image, ...]
    """One for each image part; the second turn's begin with the very object of the first."""


class Respond(Protocol):
    """Continues conversations with any model; greedily, if results are to compare."""

    def __call__(self, conversations: Sequence[Conversation], /) -> Sequence[str | Exception | HasReason]:
        """A text for each conversation, in order, or why there is none."""
        ...


@dataclass(frozen=True)
class Failure:
    """Why a question has no answer; its neighbours are not affected."""

    id: str
    stage: Stage
    """The turn that failed."""
    reason: str
    """A slug to count by: of `ZoomError`, `box_space.BoxError`, `box_space.ImageError` or of what a model gave."""
    detail: str


def failure_of(id: str, stage: Stage, cause: object) -> Failure:
    """The failure that an exception or a backend's own account tells of; without a slug, the name of its class.

    >>> failure_of("7", "where", TimeoutError("after 60 s"))
    Failure(id='7', stage='where', reason='TimeoutError', detail='after 60 s')
    """
    reason = getattr(cause, "reason", None)
    return Failure(id, stage, reason if isinstance(reason, str) else type(cause).__name__, " ".join(str(cause).split()))


def collect_replies(respond: Respond, conversations: Sequence[Conversation]) -> list[str | Exception | HasReason]:
    """What came back for each conversation; no call where there are none.

    Raises:
        ZoomError: `wrong_count` when more or fewer come back than were asked for.
    """
    replies = list(respond(conversations)) if conversations else []
    if len(replies) != len(conversations):
        detail = f"respond must give one text or failure for each conversation; got {len(replies)}"
        raise ZoomError("wrong_count", f"{detail} for {len(conversations)}.")
    return replies
