"""Build what is released, and earlier releases from their tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workspace_rules.members import Member

from releasing.commands import run
from releasing.repository import extract
from releasing.versions import Release


@dataclass(frozen=True)
class Built:
    """The two files of a release."""

    sdist: Path
    """Source archive."""
    wheel: Path
    """Wheel, built from the source archive."""


def build(tree: Path, release: Release, out: Path) -> Built:
    """Build sdist and wheel of a member as anybody would who has its source alone: no workspace sources."""
    run("uv", "build", "--quiet", "--package", release.name, "--no-sources", "--out-dir", out, cwd=tree)
    stem = f"{release.name.replace('-', '_')}-{release.version}"
    (sdist,), (wheel,) = out.glob(f"{stem}.tar.gz"), out.glob(f"{stem}-*.whl")
    return Built(sdist, wheel)


def build_released(tree: Path, release: Release, member: Member, scratch: Path) -> Path:
    """Build the wheel of an earlier release from its tag."""
    folder = extract(tree, release.tag, member.shown(member.folder), scratch / release.tag)
    run("uv", "build", "--quiet", "--wheel", "--no-sources", "--out-dir", scratch / "siblings", folder, cwd=scratch)
    (wheel,) = (scratch / "siblings").glob(f"{release.name.replace('-', '_')}-{release.version}-*.whl")
    return wheel
