"""Pairs as rows of other trainers, and as TRL takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from svco_loss.pairs.mvc import ImagePair, RefusedPair


@dataclass(frozen=True)
class ExportedRows:
    """Rows for another trainer."""

    rows: tuple[dict[str, Any], ...]
    """Two for each pair, image a first."""
    refused: tuple[RefusedPair, ...]
    """Pairs that the format cannot hold: `image_tag`, a text with `<image>` or the like, which the trainer would take
    for a picture."""


Side = tuple[str, str]
"""An image and its text."""


def exported_rows(pairs: Iterable[ImagePair], make: Callable[[ImagePair, Side, Side], dict[str, Any]]) -> ExportedRows:
    """Return what `make` gives for each image with its text and the other with its own; texts with tags are refused."""
    rows: list[dict[str, Any]] = []
    refused: list[RefusedPair] = []
    for pair in pairs:
        tag = _tag_in(pair)
        if tag:
            refused.append(RefusedPair(pair.row, "image_tag", f"a text holds {tag}"))
            continue
        sides = (pair.image_a, pair.text_x), (pair.image_b, pair.text_y)
        rows += [make(pair, *sides), make(pair, *reversed(sides))]
    return ExportedRows(tuple(rows), tuple(refused))


def pairs_to_trl(pairs: Iterable[ImagePair]) -> ExportedRows:
    """Return rows `{images, prompt, chosen, rejected}` of TRL's conversational vision preferences.

    Each image gets a row with its own text chosen and the other's rejected. That is all that DPO in TRL can express:
    it holds no rejected image and no comparison with the prompt alone. `images` holds a path; cast the column to
    `List(Image())` for training.

    >>> pair = ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.")
    >>> [(row["images"], row["chosen"][0]["content"][0]["text"]) for row in pairs_to_trl([pair]).rows]
    [(['a.png'], 'A cup.'), (['b.png'], 'A mug.')]
    """
    return exported_rows(pairs, _trl_row)


def _tag_in(pair: ImagePair) -> str | None:
    texts = (pair.system, pair.question, pair.text_x, pair.text_y)
    return next((tag for tag in ("<image>", "<video>", "<audio>") for text in texts if tag in text), None)


def _trl_row(pair: ImagePair, own: Side, other: Side) -> dict[str, Any]:
    system = [{"role": "system", "content": [_text(pair.system)]}] if pair.system else []
    return {
        "images": [own[0]],
        "prompt": [*system, {"role": "user", "content": [{"type": "image"}, _text(pair.question)]}],
        "chosen": [{"role": "assistant", "content": [_text(own[1])]}],
        "rejected": [{"role": "assistant", "content": [_text(other[1])]}],
    }


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
