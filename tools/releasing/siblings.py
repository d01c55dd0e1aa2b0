"""Which released siblings a package installs beside: users get those, not what the workspace has today."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from distributions.commands import run
from distributions.releases import Release, releases
from packaging.requirements import Requirement
from workspace_rules.members import Member, normalised

from releasing.errors import ReleaseError
from releasing.ranges import requirement_lines


@dataclass(frozen=True)
class Siblings:
    """What a member takes from the workspace, directly and through others."""

    released: tuple[Release, ...]
    """The newest tagged release in the range, for base dependencies and extras."""
    unreleased: tuple[str, ...]
    """Names that only extras need, and that have no release in the range."""


def needed_siblings(tree: Path, member: Member, members: dict[str, Member]) -> Siblings:
    """Find the released siblings of a member as it stands in the tree.

    Raises:
        ReleaseError: one that it always needs was not released in its range, or with a range that fits the others.
    """
    found: dict[str, Release | None] = {}
    pyproject = (member.folder / "pyproject.toml").read_text(encoding="utf-8")
    waiting = deque([(member.name, pyproject)])
    while waiting:
        user, pyproject = waiting.popleft()
        always = set(requirement_lines(pyproject, extras=False))
        for line in requirement_lines(pyproject):
            requirement = Requirement(line)
            name = normalised(requirement.name)
            if name not in members or name in (member.name, user):
                continue
            new = name not in found
            chosen = found.setdefault(name, _newest(tree, requirement, name))
            if line in always:
                _check_fits(user, requirement, name, chosen)
            if new and chosen:
                waiting.append((f"{chosen.name} {chosen.version}", _pyproject_at(tree, chosen, members[name])))
    return Siblings(tuple(filter(None, found.values())), tuple(name for name in found if not found[name]))


def _newest(tree: Path, requirement: Requirement, name: str) -> Release | None:
    fitting = [one for one in releases(tree, name) if requirement.specifier.contains(one.version, prereleases=True)]
    return fitting[-1] if fitting else None


def _pyproject_at(tree: Path, release: Release, member: Member) -> str:
    return run("git", "show", f"{release.tag}:{member.shown(member.folder)}/pyproject.toml", cwd=tree)


def _check_fits(user: str, requirement: Requirement, name: str, chosen: Release | None) -> None:
    if chosen is None:
        raise ReleaseError(f"{user} needs {requirement}, and no release is in that range. Release {name} first.")
    if not requirement.specifier.contains(chosen.version, prereleases=True):
        first = user.partition(" ")[0]
        raise ReleaseError(f"{user} needs {requirement}, not {chosen.version}. Release {first} first.")
