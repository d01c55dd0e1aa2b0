"""Several phrases in one text: how they are joined, and how many fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SEPARATOR = ". "


@dataclass(frozen=True)
class JoinedText:
    """Several phrases in one text, each a sub-sentence of its own."""

    text: str
    """`phrase. phrase. phrase.`"""

    spans: tuple[tuple[int, int], ...]
    """First character and the one after the last, of each phrase in the text."""


def join_phrases(phrases: Sequence[str]) -> JoinedText:
    """Join phrases by ". ", with a final ".".

    >>> join_phrases(["cat", "dog"])
    JoinedText(text='cat. dog.', spans=((0, 3), (5, 8)))
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for phrase in phrases:
        spans.append((start, start + len(phrase)))
        start += len(phrase) + len(_SEPARATOR)
    return JoinedText(_SEPARATOR.join(phrases) + ".", tuple(spans))


def pack(costs: Sequence[int], room: int) -> list[list[int]]:
    """Share items out among few boxes of a given room: the largest first, each into the first box where it fits.

    Returns the items of each box in their own order. Every cost must be `room` or less. First-fit decreasing needs at
    most 11/9 of the fewest boxes plus 6/9; one box whenever all fit in one.

    >>> pack([3, 5, 4, 2], 7)
    [[1, 3], [0, 2]]
    """
    boxes: list[list[int]] = []
    left: list[int] = []
    for item in sorted(range(len(costs)), key=lambda item: (-costs[item], item)):
        box = next((box for box, free in enumerate(left) if costs[item] <= free), len(boxes))
        if box == len(boxes):
            boxes.append([])
            left.append(room)
        boxes[box].append(item)
        left[box] -= costs[item]
    return [sorted(box) for box in boxes]
