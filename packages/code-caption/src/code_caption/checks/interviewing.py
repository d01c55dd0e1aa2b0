"""Asking until nothing is missing: the loop between the questions of a stage and a model that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from code_caption.checks.asks import Ask, AskModel, ImageAsks, Reply
from code_caption.checks.evidence import Evidence
from code_caption.checks.filing import file_replies
from code_caption.errors import EvidenceError


@dataclass(frozen=True)
class ImageEvidence:
    """An image and what is known of it."""

    image_id: str
    """Seeds of answers depend on it."""
    image: Image.Image
    """Upright RGB, of the evidence's size."""
    evidence: Evidence
    """Grows with every reply."""


class Cost(NamedTuple):
    """What an image's questions cost."""

    calls: int = 0
    """Questions that were asked."""
    sequences: int = 0
    """Sequences that the model wrote or scored for them."""
    tokens: int = 0
    """New tokens that the model wrote for them, prompts not counted, where its replies tell."""

    def with_replies(self, replies: Sequence[Reply]) -> Cost:
        """Return the cost with that of further replies, each to one question."""
        sequences, tokens = sum(reply.sequences for reply in replies), sum(reply.tokens for reply in replies)
        return Cost(self.calls + len(replies), self.sequences + sequences, self.tokens + tokens)


Wanted = Callable[[ImageEvidence], Sequence[Ask]]
"""The questions that an image still lacks, such as those of `confirming_asks`; empty once it lacks none."""


def interview_images(images: Sequence[ImageEvidence], wanted: Wanted, ask_model: AskModel) -> list[Cost]:
    """Ask about images, round by round, until none lacks an answer; replies are filed in their evidence.

    A round asks all open questions of all images at once, so that a model can take them together. No question is asked
    twice of an image, answered or not.

    Args:
        images: to ask about; each gets the same answers whatever the others are, if the model's do not depend on them.
        wanted: what one of them lacks, asked anew before each round.
        ask_model: answers.

    Returns:
        Cost of each image, in order.

    Raises:
        EvidenceError: `asked_twice`: `wanted` wants again what was asked; `replies`: the model returned too few
            replies, or too many.
    """
    asked: list[set[str]] = [set() for _ in images]
    costs = [Cost() for _ in images]
    while open_asks := {index: asks for index, one in enumerate(images) if (asks := tuple(wanted(one)))}:
        for index, asks in open_asks.items():
            _note(asks, asked[index])
        for index, replies in zip(open_asks, _ask(images, open_asks, ask_model), strict=True):
            file_replies(images[index].evidence, open_asks[index], replies)
            costs[index] = costs[index].with_replies(replies)
    return costs


def _note(asks: Sequence[Ask], asked: set[str]) -> None:
    for ask in asks:
        if ask.key in asked:
            raise EvidenceError("asked_twice", f"each question must be wanted once; got {ask.key!r} again.")
        asked.add(ask.key)


def _ask(
    images: Sequence[ImageEvidence], open_asks: dict[int, tuple[Ask, ...]], ask_model: AskModel
) -> list[list[Reply]]:
    together = [ImageAsks(images[index].image_id, images[index].image, asks) for index, asks in open_asks.items()]
    replies = ask_model(together)
    expected, got = [len(one.asks) for one in together], [len(of_image) for of_image in replies]
    if expected != got:
        raise EvidenceError("replies", f"a model must reply to each question, {expected} by image; got {got}.")
    return replies
