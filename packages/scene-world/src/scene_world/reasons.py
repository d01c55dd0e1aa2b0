"""Is the stated reason true? The world knows, so a right answer with a wrong reason can be told from a right one."""

from __future__ import annotations

import re
from typing import NamedTuple

from scene_world.language import DIRECTIONS
from scene_world.questions import View
from scene_world.rules import BACKGROUNDS, RULES
from scene_world.things import COLORS, KINDS

_DIRECTION = {name: step for step, name in DIRECTIONS.items()}
_ARTICLE = rf"(?:an? )?(?:(?:small|large) )?(?:(?:{'|'.join(COLORS)}) )?"
_REASON = re.compile(
    rf"The blocks are (?P<direction>{'|'.join(_DIRECTION)}) {_ARTICLE}(?P<cue>{'|'.join(KINDS)})"
    rf"(?: on (?P<background>{'|'.join(BACKGROUNDS)}))?"
    rf"(?: and there is {_ARTICLE}(?P<second>{'|'.join(KINDS)}))?,"
    rf" so (?:it is|they are) {_ARTICLE}(?P<answer>{'|'.join(KINDS)})\."
)


class Reason(NamedTuple):
    """A rationale taken apart."""

    direction: str
    cue: str
    background: str | None
    second: str | None
    answer: str


def parse_reason(text: str) -> Reason | None:
    """Takes a rationale apart; None if it names no reason or is not in the world's words.

    >>> parse_reason("The blocks are below a pond on snow, so it is a penguin.")
    Reason(direction='below', cue='pond', background='snow', second=None, answer='penguin')
    """
    match = _REASON.search(text)
    return Reason(**match.groupdict()) if match else None


def is_reason_true(text: str, view: View) -> bool:
    """True if all that a rationale states can be seen, and licenses its answer.

    The named cue stands in the named direction of the hidden cell, background and second thing are there, and either a
    rule leads from them to the answer, or the answer is a cue and what it names is its effect.
    """
    reason = parse_reason(text)
    if reason is None or view.hidden is None:
        return False
    x, y = view.scene.things[view.hidden].cell
    step = _DIRECTION[reason.direction]
    there = [t.kind for t in view.visible if t.cell == (x - step[0], y - step[1])]
    seen = reason.background in (None, view.scene.background) and reason.second in (None, *view.kinds)
    return reason.cue in there and seen and _is_licensed(reason, view)


def _is_licensed(reason: Reason, view: View) -> bool:
    forward = any(
        (r.cue, r.effect) == (reason.cue, reason.answer)
        and r.background in (None, view.scene.background)
        and (r.second is None or r.second in view.kinds)
        for r in RULES
    )
    return forward or any((r.effect, r.cue) == (reason.cue, reason.answer) for r in RULES)
