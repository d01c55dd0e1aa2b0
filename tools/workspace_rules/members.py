"""The members of the workspace, read from their pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Member:
    """One package or app."""

    root: Path
    """Root of the workspace."""
    folder: Path
    """Folder of the member."""
    name: str
    """Distribution name, normalised."""
    version: str
    """Static version."""
    requirements: tuple[Requirement, ...]
    """Dependencies, those of extras included."""

    @property
    def is_app(self) -> bool:
        """Whether it is an app, not a package."""
        return self.folder.parent.name == "apps"

    @property
    def import_name(self) -> str:
        """Name to import."""
        return self.name.replace("-", "_")

    @property
    def package_dir(self) -> Path:
        """Folder of its modules."""
        return self.folder / "src" / self.import_name

    def shown(self, path: Path) -> str:
        """Return a path relative to the workspace."""
        return path.relative_to(self.root).as_posix()


def normalised(name: str) -> str:
    """Return a distribution name as indexes compare it.

    >>> normalised("Flag_Embedding")
    'flag-embedding'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def read_members(root: Path) -> list[Member]:
    """Return the members under packages/ and apps/, sorted by folder."""
    return [_member(root, path) for path in sorted(root.glob("packages/*/pyproject.toml"))] + [
        _member(root, path) for path in sorted(root.glob("apps/*/pyproject.toml"))
    ]


def _member(root: Path, pyproject: Path) -> Member:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    lines = [*project.get("dependencies", []), *(line for extra in extras for line in extra)]
    return Member(
        root, pyproject.parent, normalised(project["name"]), project["version"], tuple(map(Requirement, lines))
    )
