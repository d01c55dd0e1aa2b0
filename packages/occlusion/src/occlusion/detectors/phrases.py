"""Phrases as a text encoder sees them: which it cannot take, and how many fit in one text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from occlusion.errors import OcclusionError

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


def refusal_of(
    phrase: str, token_ids: Sequence[int], *, room: int, special_ids: Collection[int], separators: Collection[int] = ()
) -> OcclusionError | None:
    """Say why a text encoder cannot take a phrase, given the phrase's tokens (no special ones added), or None.

    Args:
        phrase: for the message.
        token_ids: the phrase's own tokens.
        room: how many of them the encoder takes.
        special_ids: of the tokenizer's special tokens, the one for unknown words too.
        separators: tokens at which the model would cut the phrase in two.

    Returns:
        `no_token`, `sub_sentence`, `special_token` (also: a word that the tokenizer does not know), `phrase_too_long`.
    """
    if not token_ids:
        return OcclusionError("no_token", f"the tokenizer has no token for {phrase!r}. Leave it out.")
    if set(token_ids) & set(separators):
        message = f"{phrase!r} must have no '.' and no '?': the model would take it for two phrases. Take them out."
        return OcclusionError("sub_sentence", message)
    if set(token_ids) & set(special_ids):
        message = f"{phrase!r} has a special token, or one that the tokenizer does not know. Leave it out."
        return OcclusionError("special_token", message)
    if len(token_ids) > room:
        message = f"{phrase!r} must have {room} tokens or fewer; got {len(token_ids)}. Shorten it."
        return OcclusionError("phrase_too_long", message)
    return None
