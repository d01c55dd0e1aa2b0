"""Wheels of every member, built without the workspace's sources, and what their metadata declare."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from io import BytesIO
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from workspace_rules.members import normalised


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

    @property
    def constraint(self) -> str:
        """Return the line that keeps an index's package of the same name from standing in."""
        return f"{self.name} @ {self.path.as_uri()}"


def read_wheel(path: Path) -> Wheel:
    """Return what a wheel says about itself."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
        said = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    requires = tuple(Requirement(line) for line in said.get_all("Requires-Dist", []))
    pythons = SpecifierSet(said.get("Requires-Python", ""))
    extras = tuple(said.get_all("Provides-Extra", []))
    return Wheel(path.resolve(), normalised(said["Name"]), Version(said["Version"]), requires, extras, pythons)


def build_wheels(root: Path, folder: Path) -> dict[str, Wheel]:
    """Build every member of the workspace into `folder`, and return the wheels by name."""
    command = ["uv", "build", "--all-packages", "--wheel", "--no-sources", "--quiet", "--out-dir", str(folder)]
    subprocess.run(command, cwd=root, check=True)
    return read_wheels(folder)


def read_wheels(folder: Path) -> dict[str, Wheel]:
    """Return the wheels of a folder by name."""
    return {wheel.name: wheel for wheel in map(read_wheel, sorted(folder.glob("*.whl")))}


class ReleasedWheels:
    """Siblings as they were released: built from their tags, `box-space-v0.1.0`, once each."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._built: dict[str, Wheel] = {}

    def lowest(self, name: str, admitted: SpecifierSet) -> Wheel | None:
        """Return the oldest released version that the ranges admit; None where none was released."""
        released = [Version(tag.rpartition("-v")[2]) for tag in self._tags(name)]
        versions = sorted(version for version in released if admitted.contains(version))
        return self._build(name, f"{name}-v{versions[0]}") if versions else None

    def _tags(self, name: str) -> list[str]:
        command = ["git", "-C", str(self._root), "tag", "--list", f"{name}-v[0-9]*"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def _build(self, name: str, tag: str) -> Wheel:
        if tag not in self._built:
            archive = ["git", "-C", str(self._root), "archive", tag, f"packages/{name}"]
            packed = subprocess.run(archive, capture_output=True, check=True).stdout
            with tempfile.TemporaryDirectory() as source, tarfile.open(fileobj=BytesIO(packed)) as files:
                files.extractall(source, filter="data")
                command = ["uv", "build", "--wheel", "--no-sources", "--quiet", "--out-dir", str(self._folder / tag)]
                subprocess.run([*command, f"packages/{name}"], cwd=source, check=True)
            self._built[tag] = read_wheel(next((self._folder / tag).glob("*.whl")))
        return self._built[tag]
