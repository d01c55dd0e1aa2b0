"""Releases of members: tags such as `box-space-v0.1.0`, what they hold, and wheels built from them."""

from __future__ import annotations

import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from distributions.commands import run
from distributions.wheels import Wheel, read_wheels


@dataclass(frozen=True)
class Release:
    """A version of a package that was tagged, or is to be."""

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


def extract(root: Path, release: Release, path: str, folder: Path) -> Path:
    """Write `path` as it was released under `folder`, and return where it lies.

    Raises:
        CommandError: the release has no such path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "archive.tar"
    run("git", "archive", "--output", archive, release.tag, path, cwd=root)
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    archive.unlink()
    return folder / path


def build_release(root: Path, release: Release, path: str, out: Path) -> Wheel:
    """Build the wheel of a release into a folder of its own in `out`; `path` is the member's in the repository.

    Raises:
        CommandError: the release has no such path, or cannot be built.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source = extract(root, release, path, Path(scratch))
        folder = out / release.tag
        run("uv", "build", "--quiet", "--wheel", "--no-sources", "--out-dir", folder, source, cwd=source)
    return read_wheels(folder)[release.name]
