"""Read what a language model listed, and find it in the caption: no entity that the caption does not contain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from occlusion.entities.caption_search import find_whole_words
from occlusion.entities.entity import Entity
from occlusion.words.lexicon import english_words

RejectionReason = Literal[
    "chatter", "no_arrow", "no_head", "not_in_caption", "head_not_in_phrase", "head_not_last", "overlaps", "duplicate"
]


@dataclass(frozen=True)
class RejectedLine:
    """A line of a reply that gave no entity."""

    line: str
    """At most 200 characters of it."""

    reason: RejectionReason
    """`chatter`: no list item. `no_arrow`, `no_head`: an item without `->`, or nothing after it. `not_in_caption`: the
    caption lacks the phrase. `head_not_in_phrase`; `head_not_last`: the phrase goes on after the head (`tennis player
    -> tennis`). `overlaps`: its words belong to a longer phrase. `duplicate`: listed more often than it occurs."""


@dataclass(frozen=True)
class EntityReading:
    """What was read from one reply."""

    entities: tuple[Entity, ...]
    """In reading order; they do not overlap, and each head ends its phrase."""

    rejected: tuple[RejectedLine, ...]
    """In the order of the reply."""

    reply: str
    """What the model said, at most 2,000 characters of it."""


_ARROW = re.compile(r"\s*(?:[-=–—~]+>|[→⇒➔➡⟶]|\t+)\s*")
_MARKER = re.compile(r"^\s*(?:[-*•·▪+–]\s+|\(?\d{1,3}\s*[.):\]]\s*|\[\d{1,3}\]\s*)+")
_CAPTION = re.compile(r"^[\s*#]*captions?\b[\s\d*]*:", re.IGNORECASE)
_HEADING = re.compile(r"^[\s*#]*(?:things?|entities)[\s*]*:[\s*]*", re.IGNORECASE)
_MAX_LINE = 1000
_NONE = frozenset({"none", "nothing", "n/a", "no things", "no entities", "empty"})
_WRAPPING = " \t\r\f\v\"'`“”‘’«»*_()[]<>.,;:"
_REMARK = re.compile(r"\s+\([^()]*\)[\s.]*$")
_AFTER_A_HEAD = frozenset(
    {"of", "in", "on", "at", "with", "by", "for", "from", "to", "near", "behind", "under", "over", "beside", "inside"}
    | {"that", "who", "which", "and", "full", "made"}
)


def read_reply(reply: str, caption: str) -> EntityReading:
    """Return the entities that a reply lists and the caption contains, and every line that gave none.

    Numbers, bullets, quotes and talk around the list are read over, and the reply ends where a next `Caption:` begins.
    Case, spaces and hyphens may differ: an entity has the caption's own spelling. It stands for every place of its
    phrase in the caption; longer phrases come first (`hot dog` before `dog`).

    >>> reading = read_reply("1. Hot-dog -> hot dog\\n2. joy -> joy", "A hot dog")
    >>> [entity.phrase for entity in reading.entities], reading.rejected[0].reason
    (['hot dog'], 'not_in_caption')
    """
    items = [item for line in _lines(reply) for item in _items(line)]
    places = _Places(caption)
    longest_first = sorted(range(len(items)), key=lambda at: -len(_key(items[at].phrase)))
    outcomes: dict[int, RejectionReason | None] = {at: places.take(items[at]) for at in longest_first}
    rejected = [RejectedLine(item.line[:200], reason) for at, item in enumerate(items) if (reason := outcomes[at])]
    entities = sorted(places.entities, key=lambda entity: entity.start)
    return EntityReading(tuple(entities), tuple(rejected), reply[:2000])


@dataclass(frozen=True)
class _Item:
    line: str
    phrase: str
    head: str
    fault: RejectionReason | None


def _lines(reply: str) -> list[str]:
    """The lines of the list itself, without headings and empty ones."""
    lines: list[str] = []
    for whole in reply.rpartition("</think>")[2].splitlines():
        line = whole[:_MAX_LINE]
        if not _CAPTION.match(line):
            lines.append(_HEADING.sub("", line))
        elif any(_ARROW.search(one) or _is_none(one) for one in lines):
            break  # the model goes on with an example of its own; before the list it repeats the caption
    return [line for line in lines if line.strip(_WRAPPING)]


def _items(line: str) -> list[_Item]:
    text = _MARKER.sub("", line)
    if _is_none(text):
        return []
    if len(_ARROW.findall(text.strip())) > 1:
        return [_item(part, text) for part in re.split(r"[,;]", text) if part.strip()]
    return [_item(text, line)]


def _is_none(line: str) -> bool:
    return _MARKER.sub("", line).strip(_WRAPPING).lower() in _NONE


def _item(text: str, line: str) -> _Item:
    phrase, *heads = _ARROW.split(text.strip())
    head = _REMARK.sub("", heads[-1]).strip(_WRAPPING) if heads else ""
    if not heads:
        return _Item(line, "", "", "no_arrow" if _MARKER.match(line) else "chatter")
    return _Item(line, _without_quantity(phrase.strip(_WRAPPING), head), head, None if head else "no_head")


def _without_quantity(phrase: str, head: str) -> str:
    """Cut articles, numbers and measures from a phrase as far as its head stays whole."""
    words = phrase.split()
    while len(words) > 1 and _counts(words) and _key(head) in _key(" ".join(words[1:])):
        words = words[2 if words[1].lower() == "of" and len(words) > 2 else 1 :]
    return " ".join(words)


def _counts(words: list[str]) -> bool:
    word = words[0].lower()
    before_of = words[1].lower() == "of" and word in english_words().measures
    return word in english_words().quantities or word.isdecimal() or before_of


class _Places:
    """The places of a caption that entities have taken."""

    def __init__(self, caption: str) -> None:
        self.entities: list[Entity] = []
        self._caption = caption
        self._unlisted: dict[str, int] = {}

    def take(self, item: _Item) -> RejectionReason | None:
        """Take every free place of an item's phrase; say why where there is none."""
        if item.fault:
            return item.fault
        key = f"{_key(item.phrase)}>{_key(item.head)}"
        if key in self._unlisted:  # its first line took all its places; each may have a line
            self._unlisted[key] -= 1
            return "duplicate" if self._unlisted[key] < 0 else None
        places = find_whole_words(item.phrase, self._caption)
        free = [place for place in places if not self._is_taken(*place)]
        found: list[Entity | RejectionReason] = [_entity(place, item.head, self._caption) for place in free]
        entities = [one for one in found if isinstance(one, Entity)]
        if not entities:
            faults: list[RejectionReason] = [one for one in found if not isinstance(one, Entity)]
            return faults[0] if faults else "overlaps" if places else "not_in_caption"
        self.entities += entities
        self._unlisted[key] = len(entities) - 1
        return None

    def _is_taken(self, start: int, end: int) -> bool:
        return any(start < one.end and one.start < end for one in self.entities)


def _entity(place: tuple[int, int], head: str, caption: str) -> Entity | RejectionReason:
    start, end = place
    heads = find_whole_words(head, caption[start:end])
    if not heads:
        return "head_not_in_phrase"
    head_start, head_end = next((one for one in heads if one[1] == end - start), heads[0])
    rest = caption[start + head_end : end].split()
    if rest and rest[0].lower() not in _AFTER_A_HEAD and not rest[0].lower().endswith("ing"):
        return "head_not_last"
    head_start, end = start + head_start, start + head_end
    return Entity(caption[start:end], caption[head_start:end], start, end, head_start, end)


def _key(text: str) -> str:
    return re.sub(r"[\s\-]+", "", text.lower())
