"""What the two files of a release must hold, and what must not be in them."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from distributions.releases import Release
from packaging.requirements import Requirement
from workspace_rules.members import Member, normalised
from workspace_rules.texts import MACHINE_PATH

from releasing.archives import Built


def archive_problems(built: Built, release: Release, member: Member, siblings: set[str]) -> list[str]:
    """Return what is wrong with sdist and wheel, one line each.

    `member` is what was built, in the folder where it was built; `siblings` are the names of all members.
    """
    wheel, sdist = _wheel_files(built.wheel), _sdist_files(built.sdist)
    metadata = wheel.get(f"{_stem(release)}.dist-info/METADATA", b"")
    return [
        *_wrong_places(wheel, release),
        *_missing(wheel, release),
        *_wrong_metadata(metadata, release, siblings),
        *(line for files in (wheel, sdist) for line in _tests_and_paths(files, member)),
    ]


def _stem(release: Release) -> str:
    return f"{release.name.replace('-', '_')}-{release.version}"


def _wheel_files(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}


def _sdist_files(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as opened:
        return {one.name: opened.extractfile(one).read() for one in opened.getmembers() if one.isfile()}  # type: ignore[union-attr]


def _wrong_places(files: dict[str, bytes], release: Release) -> Iterator[str]:
    package = release.name.replace("-", "_")
    for name in files:
        if PurePosixPath(name).parts[0] not in {package, f"{_stem(release)}.dist-info"}:
            yield f"{name} is outside {package}/. Move it under src/{package}/."


def _missing(files: dict[str, bytes], release: Release) -> Iterator[str]:
    package = release.name.replace("-", "_")
    if f"{package}/py.typed" not in files:
        yield f"no {package}/py.typed. Add an empty file src/{package}/py.typed."
    licences = [name for name in files if name.startswith(f"{_stem(release)}.dist-info/licenses/")]
    if not any(files[name].strip() for name in licences):
        yield "no licence file. Copy the workspace's LICENSE next to pyproject.toml, and set license-files."


def _wrong_metadata(metadata: bytes, release: Release, siblings: set[str]) -> Iterator[str]:
    fields = BytesParser().parsebytes(metadata)
    if (fields["Name"], fields["Version"]) != (release.name, str(release.version)):
        yield f"METADATA is of {fields['Name']} {fields['Version']}, not of {release.name} {release.version}."
    for field in ("Requires-Python", "License-Expression", "Summary", "Description-Content-Type"):
        if not fields[field]:
            yield f"METADATA has no {field}. Set it in pyproject.toml."
    for line in fields.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        bounds = {specifier.operator for specifier in requirement.specifier}
        own = normalised(requirement.name) == release.name  # an extra that includes another of the same package
        if requirement.url or (normalised(requirement.name) in siblings and not own and not {">=", "<"} <= bounds):
            yield f"METADATA requires {line}. Give a sibling's range as >=A,<B, and no address."


def _tests_and_paths(files: dict[str, bytes], member: Member) -> Iterator[str]:
    here = {str(folder).encode() for folder in (member.root, Path.home()) if len(folder.parts) > 2}
    for name, content in files.items():
        path = PurePosixPath(name)
        if "tests" in path.parts or path.name.startswith("test_") or path.name == "conftest.py":
            yield f"{name} is a test. Keep tests outside src/."
        text = "" if b"\0" in content else content.decode("utf-8", errors="replace")
        found = MACHINE_PATH.search(text)
        if found or any(folder in content for folder in here):
            yield f"{name} has a path of this machine{f' ({found.group()})' if found else ''}. Remove it."
