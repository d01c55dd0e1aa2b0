"""The Pythons of this machine: those that uv finds, those on the PATH, and those of pyenv where it is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version


@dataclass(frozen=True, order=True)
class Interpreter:
    """A Python that answers."""

    version: Version
    """Full version."""
    path: Path
    """Its executable, symbolic links resolved."""

    @property
    def minor(self) -> str:
        """Return the version without the patch: 3.11."""
        return f"{self.version.major}.{self.version.minor}"


def find_pythons(supported: SpecifierSet) -> dict[str, Interpreter]:
    """Return the latest patch of each supported minor version, oldest first: {"3.11": Interpreter(...), ...}."""
    named = {path.resolve() for path in (*_of_uv(), *_on_path(), *_of_pyenv())}
    asked = [path for path in sorted(named) if _may_be_supported(path.name, supported)]
    found = sorted(one for path in asked if (one := ask_python(path)) and supported.contains(one.version))
    return {one.minor: one for one in found}


def choose_pythons(named: str, find: Callable[[], dict[str, Interpreter]]) -> list[Interpreter]:
    """Return those that are named, `3.11,/usr/bin/python3`; the oldest and the newest found where none is.

    Raises:
        ValueError: one is not installed, or none is.
    """
    names = [name for name in named.split(",") if name]
    paths = {name: one for name in names if "/" in name and (one := ask_python(Path(name)))}
    found = paths if names and len(paths) == len(names) else {**find(), **paths}
    chosen = names or list(dict.fromkeys([*list(found)[:1], *list(found)[-1:]]))
    unknown = [name for name in chosen if name not in found]
    if unknown or not chosen:
        asked = f"Python {', '.join(unknown)}" if unknown else "no supported Python"
        raise ValueError(f"{asked} is not installed here; found {', '.join(found) or 'none'}. Run: uv python install")
    return [found[name] for name in chosen]


def ask_python(path: Path) -> Interpreter | None:
    """Return what the executable says it is; None where there is none, or a script such as a shim of pyenv."""
    if not path.is_file() or _is_script(path):
        return None
    script = "import platform; print(platform.python_implementation(), platform.python_version())"
    done = subprocess.run([path, "-I", "-c", script], capture_output=True, text=True, check=False)
    said = re.fullmatch(r"CPython ([\d.]+)\n", done.stdout)  # no pre-releases
    return Interpreter(Version(said[1]), path) if said else None


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _may_be_supported(name: str, supported: SpecifierSet) -> bool:
    """Whether a file of that name is worth asking: python3.9 is not."""
    minor = re.fullmatch(r"python(3\.\d+)", name)
    return minor is None or supported.contains(f"{minor[1]}.99")


def _of_uv() -> Iterator[Path]:
    command = ["uv", "python", "list", "--only-installed", "--output-format", "json"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    yield from (Path(one["path"]) for one in json.loads(listed))


def _on_path() -> Iterator[Path]:
    for folder in map(Path, os.get_exec_path()):
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if re.fullmatch(r"python3\.\d+", path.name))


def _of_pyenv() -> Iterator[Path]:
    if shutil.which("pyenv") is None:
        return
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
    for folder in Path(root, "versions").glob("3.*"):
        yield from (path for path in (folder / "bin").iterdir() if re.fullmatch(r"python3\.\d+", path.name))
