"""The ranges in which other members take a package, raised where a new version falls out of them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version
from workspace_rules.members import normalised, read_members

from releasing.errors import ReleaseError


def range_for(version: Version) -> str:
    """Return the range that begins with a version and ends before the next that may break.

    >>> range_for(Version("0.2.0")), range_for(Version("0.2.1")), range_for(Version("1.4.0"))
    ('>=0.2,<0.3', '>=0.2.1,<0.3', '>=1.4,<2')
    """
    lower = f"{version.major}.{version.minor}" + (f".{version.micro}" if version.micro else "")
    return f">={lower},<{version.major + 1 if version.major else f'0.{version.minor + 1}'}"


def raise_ranges(pyproject: str, name: str, version: Version, path: str = "pyproject.toml") -> tuple[str, list[str]]:
    """Return the text of a pyproject.toml whose ranges admit the version, and `old -> new` for each that moved.

    `path` is what errors call the file.

    Raises:
        ReleaseError: a range that has to move is not written as `>=A,<B`.

    >>> raise_ranges('[project]\\ndependencies = ["box[x]>=0.1,<0.2"]', "box", Version("0.2.0"))
    ('[project]\\ndependencies = ["box[x]>=0.2,<0.3"]', ['box[x]>=0.1,<0.2 -> box[x]>=0.2,<0.3'])
    """
    moved: list[str] = []
    for line in requirement_lines(pyproject):
        requirement = Requirement(line)
        if normalised(requirement.name) != name or requirement.specifier.contains(version, prereleases=True):
            continue
        raised, count = re.subn(r">=\s*[\w.]+\s*,\s*<\s*[\w.]+", range_for(version), line)
        if count != 1 or len(requirement.specifier) != 2:
            raise ReleaseError(f"{path}: {line} excludes {version} and is not of the form {name}>=A,<B. Write it so.")
        pyproject = pyproject.replace(f'"{line}"', f'"{raised}"').replace(f"'{line}'", f"'{raised}'")
        moved.append(f"{line} -> {raised}")
    return pyproject, moved


def requirement_lines(pyproject: str, *, extras: bool = True) -> list[str]:
    """Return every requirement of a pyproject.toml once: dependencies, and with `extras` those of extras and groups."""
    read = tomllib.loads(pyproject)
    project = read.get("project", {})
    groups = [*project.get("optional-dependencies", {}).values(), *read.get("dependency-groups", {}).values()] * extras
    lines = [*project.get("dependencies", []), *(line for group in groups for line in group)]
    return list(dict.fromkeys(line for line in lines if isinstance(line, str)))


def moved_ranges(tree: Path, name: str, version: Version) -> Iterator[tuple[Path, list[str]]]:
    """Raise the ranges in every pyproject.toml of the tree; yield the files that changed, and how."""
    for path in [tree / "pyproject.toml", *(member.folder / "pyproject.toml" for member in read_members(tree))]:
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        after, moved = raise_ranges(before, name, version, path.relative_to(tree).as_posix())
        if moved:
            path.write_text(after, encoding="utf-8")
            yield path, moved
