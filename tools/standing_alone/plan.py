"""What is asked of a run, and what comes out for one package in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from distributions.environments import Resolution
from distributions.wheels import Wheel

from standing_alone.import_times import BAR_S
from standing_alone.released import ReleasedWheels


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    root: Path
    """Root of the workspace."""
    folder: Path
    """Where environments go; outside the workspace."""
    keep: bool
    """Whether they stay there."""
    wheels: Mapping[str, Wheel]
    """Every member as built."""
    released: ReleasedWheels
    """Siblings as released."""
    tools: tuple[str, ...] = ()
    """Requirements of pytest and hypothesis."""
    also: Mapping[str, str] = field(default_factory=dict)
    """Name -> requirement, of what a suite may add: members, and distributions of the dev group."""
    members: frozenset[str] = frozenset()
    """Names of all members: where a sibling is not installed, its absence skips a test."""
    examples: bool = True
    """Whether README examples run."""
    tests: bool = True
    """Whether tests run."""
    heavy: bool = False
    """Whether extras with torch are tried."""
    bar_s: float = BAR_S
    """An import takes no longer."""
    torch: str = ""
    """The one version of torch that is installed; "" for what the ranges give."""


@dataclass(frozen=True)
class Outcome:
    """How a package did in one place."""

    package: str
    """Distribution name."""
    python: str
    """Full version."""
    resolution: Resolution
    """Floors or latest."""
    distributions: int = 0
    """Installed with the core, its own included."""
    size_mb: float = 0.0
    """Of the core on disk."""
    import_s: float = 0.0
    """Processor seconds of an import, the fastest of fresh processes."""
    brings_torch: bool = False
    """Whether the core installs torch."""
    versions: tuple[str, ...] = ()
    """What the core came with, as requirements."""
    example: str = ""
    """Whether it ran, or why not."""
    tests: str = ""
    """Counts, or why they did not run."""
    notes: tuple[str, ...] = ()
    """What a reader should know, such as a sibling's floor that no tag holds."""
    problems: tuple[str, ...] = ()
    """What is broken, a line each."""
