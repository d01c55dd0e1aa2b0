"""The next version of a package, from what was released before and what is asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path

from distributions.commands import run
from distributions.releases import Release, releases
from packaging.version import Version
from workspace_rules.members import Member

from releasing.errors import ReleaseError

PARTS = ("first", "patch", "minor", "major")
"""What to bump; `first` releases the version that pyproject.toml has, once."""


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
