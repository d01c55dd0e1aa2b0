"""Captions whose entities people have marked: JSON lines of caption, split and entities in reading order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from occlusion.entities.entity import Entity
from occlusion.errors import OcclusionError


@dataclass(frozen=True)
class LabelledCaption:
    """A caption and the entities that it names."""

    caption: str

    split: str
    """`dev` may be looked at while rules are written; `test` is only scored."""

    entities: tuple[Entity, ...]
    """In reading order; none where the caption names nothing that can be seen."""


def read_labelled_captions(path: str | Path) -> list[LabelledCaption]:
    """Read JSON lines of `{"caption", "split", "entities": [{"phrase", "head"}]}`.

    Entities stand in reading order; each is the next whole-word occurrence of its phrase, and a head ends its phrase.

    Raises:
        OcclusionError: `bad_labels`: a line is no such object, or an entity does not occur where it should.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [_read_line(line, f"{Path(path).name}:{number}") for number, line in enumerate(lines, 1) if line.strip()]


def _read_line(line: str, where: str) -> LabelledCaption:
    try:
        row: dict[str, Any] = json.loads(line)
        caption, pairs = str(row["caption"]), [(str(one["phrase"]), str(one["head"])) for one in row["entities"]]
        return LabelledCaption(caption, str(row.get("split", "")), _locate(caption, pairs, where))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise OcclusionError(
            "bad_labels", f"{where} must be an object with caption and entities of phrase and head; got {error!r}."
        ) from error


def _locate(caption: str, pairs: list[tuple[str, str]], where: str) -> tuple[Entity, ...]:
    entities: list[Entity] = []
    for phrase, head in pairs:
        after = entities[-1].end if entities else 0
        match = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)").search(caption, after)
        if match is None or not head or not phrase.endswith(head):
            raise OcclusionError(
                "bad_labels",
                f"{where}: entities must occur in reading order and end with their heads; got {phrase!r} -> {head!r}.",
            )
        entities.append(Entity(phrase, head, match.start(), match.end(), match.end() - len(head), match.end()))
    return tuple(entities)
