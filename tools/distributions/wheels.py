"""Wheels, built without the workspace's sources, and what their metadata declare."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from workspace_rules.members import normalised

from distributions.commands import run


@dataclass(frozen=True)
class Wheel:
    """A built distribution."""

    path: Path
    """The file."""
    name: str
    """Distribution name, normalised."""
    version: Version
    """Its version."""
    requires: tuple[Requirement, ...]
    """Dependencies, those of extras with a marker."""
    extras: tuple[str, ...]
    """Names of its extras."""
    requires_python: SpecifierSet
    """Pythons that it takes."""

    def target(self, extras: Iterable[str] = ()) -> str:
        """Return the requirement that installs this very file."""
        chosen = ",".join(extras)
        return f"{self.name}{f'[{chosen}]' if chosen else ''} @ {self.path.as_uri()}"


def constraints(wheels: Iterable[Wheel]) -> list[str]:
    """Return the lines that keep an index's packages of the same names from standing in; ranges still count."""
    return [wheel.target() for wheel in wheels]


def read_wheel(path: Path) -> Wheel:
    """Return what a wheel says about itself."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
        said = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    requires = tuple(Requirement(line) for line in said.get_all("Requires-Dist", []))
    pythons = SpecifierSet(said.get("Requires-Python", ""))
    extras = tuple(said.get_all("Provides-Extra", []))
    return Wheel(path.resolve(), normalised(said["Name"]), Version(said["Version"]), requires, extras, pythons)


def read_wheels(folder: Path) -> dict[str, Wheel]:
    """Return the wheels of a folder by name."""
    return {wheel.name: wheel for wheel in map(read_wheel, sorted(folder.glob("*.whl")))}


def build_wheels(root: Path, folder: Path) -> dict[str, Wheel]:
    """Build every member of the workspace into `folder`, and return the wheels by name.

    Raises:
        CommandError: one cannot be built.
    """
    run("uv", "build", "--quiet", "--all-packages", "--wheel", "--no-sources", "--out-dir", folder, cwd=root)
    return read_wheels(folder)
