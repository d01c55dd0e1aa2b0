"""Pairs in the JSON lines of ms-swift, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, told_apart
from svco_loss.pairs.preferences import ExportedRows, Side, exported_rows
from svco_loss.pairs.texts import is_text

SwiftContrast = Literal["image", "text"]
"""Whether a row sets the same text on the other image against it, or the other text on the same image."""


def pairs_to_swift(pairs: Iterable[ImagePair], *, contrast: SwiftContrast = "image") -> ExportedRows:
    """Return rows `{messages, images}` with `rejected_images` or `rejected_response`, two for each pair.

    ms-swift fills what a rejected side lacks from the chosen one. With contrast `image`, a row has `rejected_images`
    alone: the text is likelier with its own image than with the other. With `text`, it has `rejected_response` alone:
    on one image, its own text is likelier than the other. A row with both would reject the other image with the text
    that is true of it. Keep the two kinds in files of their own: a missing `rejected_response` reads as null and fails.

    Raises:
        SvcoLossError: another contrast.

    Source: `TemplateInputs.from_dict` and the documentation of custom data sets of ms-swift.

    >>> pair = ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.")
    >>> [(row["images"], row["rejected_images"]) for row in pairs_to_swift([pair]).rows]
    [(['a.png'], ['b.png']), (['b.png'], ['a.png'])]
    """
    if contrast not in ("image", "text"):
        raise SvcoLossError(f"contrast must be 'image' or 'text'; got {contrast!r}")

    def make(pair: ImagePair, own: Side, other: Side) -> dict[str, Any]:
        rejected = {"rejected_images": [other[0]]} if contrast == "image" else {"rejected_response": other[1]}
        return {"messages": _messages(pair, own[1]), "images": [own[0]], **rejected}

    return exported_rows(pairs, make)


def _messages(pair: ImagePair, text: str) -> list[dict[str, str]]:
    system = [{"role": "system", "content": pair.system}] if pair.system else []
    user = {"role": "user", "content": f"<image>{pair.question}"}
    return [*system, user, {"role": "assistant", "content": text}]


@dataclass(frozen=True)
class _Half:
    """A row as read: one image with its text, and what is set against it."""

    row: int
    system: str
    question: str
    image: str
    text: str
    other_image: str | None
    other_text: str | None

    @property
    def key(self) -> tuple[str | None, ...]:
        """Equal to a partner's `partner_key`."""
        if self.other_image is not None:
            return (self.system, self.question, "image", self.image, self.other_image)
        return (self.system, self.question, "text", self.text, self.other_text)

    @property
    def partner_key(self) -> tuple[str | None, ...]:
        """`key` of the row that sets the same two against each other the other way."""
        system, question, kind, own, other = self.key
        return (system, question, kind, other, own)


def swift_to_pairs(rows: Iterable[Mapping[str, Any]]) -> CheckedPairs:
    """Read rows of ms-swift with one image on each side.

    A row with both `rejected_images` and `rejected_response` is a pair. A row with one of them is half a pair: it
    lacks the other image's text, or the other text's image, and is joined with the row that turns it around, as
    `pairs_to_swift` writes them. A row without such a partner is refused as `no_partner`.
    """
    halves = [_half(row, place) for place, row in enumerate(rows)]
    waiting: dict[tuple[str | None, ...], list[_Half]] = {}
    verdicts: dict[int, ImagePair | RefusedPair] = {}
    for half in halves:
        if isinstance(half, RefusedPair):
            verdicts[half.row] = half
        elif half.other_image is not None and half.other_text is not None:
            verdicts[half.row] = _joined(half, half.other_image, half.other_text)
        elif waiting.get(half.partner_key):
            first = waiting[half.partner_key].pop(0)
            verdicts[first.row] = _joined(first, half.image, half.text)
        else:
            waiting.setdefault(half.key, []).append(half)
    for half in (one for alike in waiting.values() for one in alike):
        lacks = "rejected_response" if half.other_text is None else "rejected_images"
        verdicts[half.row] = RefusedPair(half.row, "no_partner", f"has no {lacks}, and no row turns it around")
    return told_apart(verdicts[place] for place in sorted(verdicts))


def _joined(half: _Half, image_b: str, text_y: str) -> ImagePair:
    return ImagePair(half.question, half.image, image_b, half.text, text_y, system=half.system, row=half.row)


def _half(row: object, place: int) -> _Half | RefusedPair:
    if not isinstance(row, Mapping):
        return RefusedPair(place, "malformed", f"a row must be an object; got {type(row).__name__}")
    fields = cast("Mapping[str, Any]", row)
    turns = _turns(fields.get("messages"))
    if turns is None:
        return RefusedPair(
            place, "malformed", "messages must be a user's and an assistant's text, after at most a system"
        )
    system, question, text = turns
    image, other_image = _only_image(fields.get("images")), _only_image(fields.get("rejected_images"))
    other_text = fields.get("rejected_response")
    if image is None or (fields.get("rejected_images") is not None and other_image is None):
        return RefusedPair(place, "malformed", "images and rejected_images must hold one path each")
    if question.count("<image>") != 1:
        return RefusedPair(place, "malformed", "the question must hold <image> once")
    if other_text is not None and not is_text(other_text):
        return RefusedPair(place, "malformed", "rejected_response must be text")
    if other_image is None and other_text is None:
        return RefusedPair(place, "malformed", "a row must have rejected_images or rejected_response")
    return _Half(place, system, question.replace("<image>", "").strip(), image, text, other_image, other_text)


def _turns(messages: object) -> tuple[str, str, str] | None:
    """System, question and answer."""
    turns = cast("Sequence[Any]", messages) if isinstance(messages, list) else []
    if not all(isinstance(turn, Mapping) and is_text(turn.get("content")) for turn in turns):
        return None
    texts = {str(turn.get("role")): str(turn["content"]) for turn in turns}
    roles = [str(turn.get("role")) for turn in turns]
    if roles not in (["user", "assistant"], ["system", "user", "assistant"]):
        return None
    return texts.get("system", ""), texts["user"], texts["assistant"]


def _only_image(images: object) -> str | None:
    """The one path, which ms-swift takes as text, in a list, or as `{path}` in a list."""
    listed = cast("Sequence[Any]", images) if isinstance(images, list) else [images]
    if len(listed) != 1:
        return None
    path = cast("Mapping[str, Any]", listed[0]).get("path") if isinstance(listed[0], Mapping) else listed[0]
    return path if is_text(path) and path else None
