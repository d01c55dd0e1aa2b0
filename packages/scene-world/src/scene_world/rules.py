"""What implies what: the causal rules of the world.

A rule says that next to its cue, under its condition, its effect stands with probability `chance`; otherwise an
intruder stands there.

Three tiers of difficulty: a cue alone; a cue on a certain background; a cue and a second thing
anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from scene_world.things import KINDS

BACKGROUNDS: tuple[str, ...] = ("grass", "sand", "snow", "wood")


@dataclass(frozen=True)
class Rule:
    """`cue` (under `background` or together with `second`) implies `effect` in one of the four neighbouring cells."""

    cue: str
    effect: str
    chance: float
    background: str | None = None
    second: str | None = None
    same_color: bool = False

    @property
    def name(self) -> str:
        """A readable key, such as `pond+snow>penguin`."""
        condition = self.background or self.second
        return f"{self.cue}{'+' + condition if condition else ''}>{self.effect}"

    @property
    def tier(self) -> int:
        """1: cue alone; 2: cue on a background; 3: cue and a second thing."""
        return 2 if self.background else 3 if self.second else 1


RULES: tuple[Rule, ...] = (
    Rule("rails", "train", 0.93),
    Rule("lock", "key", 0.93, same_color=True),
    Rule("nest", "bird", 0.92),
    Rule("flower", "bee", 0.90),
    Rule("goal", "ball", 0.92),
    Rule("bone", "dog", 0.91),
    Rule("plate", "fork", 0.92),
    Rule("pond", "duck", 0.92, background="grass"),
    Rule("pond", "penguin", 0.92, background="snow"),
    Rule("pole", "umbrella", 0.90, background="sand"),
    Rule("pole", "flag", 0.90, background="grass"),
    Rule("pole", "flag", 0.90, background="snow"),
    Rule("table", "cup", 0.90, second="kettle"),
    Rule("table", "book", 0.90, second="clock"),
)

RULE_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
CUES: tuple[str, ...] = tuple(sorted({rule.cue for rule in RULES}))
EFFECTS: tuple[str, ...] = tuple(sorted({rule.effect for rule in RULES}))
SECONDS: tuple[str, ...] = tuple(sorted({rule.second for rule in RULES if rule.second}))
NEUTRAL: tuple[str, ...] = tuple(k for k in KINDS if k not in {*CUES, *EFFECTS, *SECONDS})
"""Kinds that nothing implies and that imply nothing."""
