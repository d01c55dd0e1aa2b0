"""Versions and tags: the last release of a package, and the next version."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version
from workspace_rules.members import Member

from releasing.commands import run
from releasing.errors import ReleaseError

PARTS = ("first", "patch", "minor", "major")
"""What to bump; `first` releases the version that pyproject.toml has, once."""


@dataclass(frozen=True)
class Release:
    """A version of a package that was tagged."""

    name: str
    """Distribution name."""
    version: Version
    """Its version."""

    @property
    def tag(self) -> str:
        """Its tag.

        >>> Release("box-space", Version("0.2.0")).tag
        'box-space-v0.2.0'
        """
        return f"{self.name}-v{self.version}"


def releases(root: Path, name: str, *, merged: bool = False) -> list[Release]:
    """Return the tagged releases of a package, oldest version first; `merged`: those that HEAD contains."""
    only = ("--merged", "HEAD") if merged else ()
    tags = run("git", "tag", "--list", f"{name}-v*", *only, cwd=root).split()
    found = [Release(name, version) for tag in tags if (version := _version(tag.removeprefix(f"{name}-v")))]
    return sorted(found, key=lambda release: release.version)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def check_part(member: Member, part: str, last: Release | None) -> None:
    """Check that the part fits what was released before.

    Raises:
        ReleaseError: a second `first`, or a version in pyproject.toml that was edited by hand.
    """
    if last is None:
        return
    if part == "first":
        raise ReleaseError(f"{member.name} was released before ({last.tag}). Take patch, minor or major.")
    if Version(member.version) != last.version:
        raise ReleaseError(
            f"{member.shown(member.folder)}/pyproject.toml has version {member.version}, the last tag is {last.tag}. "
            f"Set it back to {last.version}: this command raises it."
        )


def bump(tree: Path, member: Member, part: str) -> Release:
    """Raise the version in pyproject.toml, and return the release to be.

    Raises:
        ReleaseError: its tag exists.
    """
    if part != "first":
        run("uv", "version", "--quiet", "--frozen", "--package", member.name, "--bump", part, cwd=tree)
    project = tomllib.loads((member.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    release = Release(member.name, Version(project["version"]))
    if release in releases(tree, member.name):
        raise ReleaseError(f"the tag {release.tag} exists, on a commit that is not in this branch. Take another part.")
    return release
