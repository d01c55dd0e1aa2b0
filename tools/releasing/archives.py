"""Build the two files of a release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distributions.commands import run
from distributions.releases import Release


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
