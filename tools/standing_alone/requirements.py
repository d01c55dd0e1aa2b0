"""What must be named in an installation: lowest-direct takes the floors of direct requirements alone.

Therefore the requirements of siblings are named too, and siblings themselves come in at the lowest version released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from distributions.wheels import Wheel
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from workspace_rules.members import normalised

from standing_alone.pythons import Interpreter
from standing_alone.released import ReleasedWheels


@dataclass(frozen=True)
class Needs:
    """What a wheel needs, that of its siblings included."""

    outside: tuple[str, ...]
    """Requirements of distributions that are not members: `numpy<3,>=2.0`."""
    siblings: Mapping[str, SpecifierSet]
    """Members that come with it, each with all the ranges that are put on it."""


def needs_of(wheel: Wheel, extras: tuple[str, ...], wheels: Mapping[str, Wheel], python: Interpreter) -> Needs:
    """Follow the requirements of a wheel with some extras through its siblings."""
    outside: dict[str, None] = {}
    siblings: dict[str, SpecifierSet] = {}
    waiting, seen = [(wheel.name, ""), *((wheel.name, extra) for extra in extras)], set[tuple[str, str]]()
    known = {**wheels, wheel.name: wheel}
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for requirement in _applying(known[name], extra, python):
            target = normalised(requirement.name)
            if target in known:
                siblings[target] = siblings.get(target, SpecifierSet()) & requirement.specifier
                waiting += [(target, ""), *((target, one) for one in requirement.extras)]
            else:
                outside[_without_marker(requirement)] = None
    siblings.pop(wheel.name, None)
    return Needs(tuple(outside), siblings)


def at_the_floor(needs: Needs, wheels: Mapping[str, Wheel], released: ReleasedWheels) -> dict[str, Wheel]:
    """Return the wheels with siblings in their lowest released versions; as they are here where none is released."""
    lowest = {name: released.lowest(name, admitted) for name, admitted in needs.siblings.items()}
    return {**wheels, **{name: wheel for name, wheel in lowest.items() if wheel}}


def _applying(wheel: Wheel, extra: str, python: Interpreter) -> Iterator[Requirement]:
    """Those of one extra, or of the core for ""."""
    here = {**default_environment(), "python_version": python.minor, "python_full_version": str(python.version)}
    for requirement in wheel.requires:
        of_core = requirement.marker is None or requirement.marker.evaluate({**here, "extra": ""})
        of_extra = requirement.marker is None or requirement.marker.evaluate({**here, "extra": extra})
        if of_core if not extra else of_extra and not of_core:
            yield requirement


def _without_marker(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{normalised(requirement.name)}{extras}{requirement.specifier}"
