"""The members that use a package: their ranges follow it, and their changelogs say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from distributions.releases import Release
from workspace_rules.members import Member, normalised, read_members

from releasing.changelog import add_line
from releasing.ranges import moved_ranges


def raise_dependants(tree: Path, release: Release, say: Callable[[str], None]) -> None:
    """Raise every range that the version falls out of, and say who needs a release of its own therefore.

    Raises:
        ReleaseError: a range that has to move has another form, or a changelog has no place for a line.
    """
    by_file = {member.folder / "pyproject.toml": member for member in read_members(tree)}
    waiting: dict[str, Member] = {}
    say(f"\nRanges that {release.version} falls out of:")
    for path, moved in moved_ranges(tree, release.name, release.version):
        say("\n".join(f"  {path.relative_to(tree).as_posix()}: {line}" for line in moved))
        if path in by_file:
            waiting[by_file[path].name] = by_file[path]
            _note_range(by_file[path], moved)
    say(f"  now need a release of their own, in this order: {', '.join(in_order(waiting))}" if waiting else "  none")


def _note_range(member: Member, moved: list[str]) -> None:
    path = member.folder / "CHANGELOG.md"
    ranges = ", ".join(dict.fromkeys(f"`{line.partition(' -> ')[2]}`" for line in moved))
    text = add_line(path.read_text(encoding="utf-8"), f"- Works with {ranges}.", member.shown(path))
    path.write_text(text, encoding="utf-8")


def in_order(members: dict[str, Member]) -> list[str]:
    """Return the names so that each comes after those of them that it needs, as far as that can be."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()

    def add(name: str) -> None:
        entered.add(name)
        for requirement in members[name].requirements:
            needed = normalised(requirement.name)
            if needed in members and needed not in entered:
                add(needed)
        ordered[name] = None

    for name in members:
        if name not in entered:
            add(name)
    return list(ordered)
