"""Install a wheel into an environment that knows nothing of the workspace, and import it there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from workspace_rules.members import normalised

from releasing.commands import run
from releasing.versions import Release

IMPORT = """
import importlib, importlib.metadata, json, sys
module = importlib.import_module(sys.argv[1])
names = list(module.__all__)
print(json.dumps({
    "file": module.__file__,
    "version": importlib.metadata.version(sys.argv[2]),
    "names": names,
    "missing": [name for name in names if not hasattr(module, name)],
    "indexed": [one.name for one in importlib.metadata.distributions() if one.read_text("direct_url.json") is None],
}))
"""


def install(folder: Path, release: Release, wheel: Path, siblings: dict[str, Path]) -> Path:
    """Install a wheel into a new environment in `folder`, and return the environment's Python.

    Siblings come from their wheels alone, for an index may have another package of that name; ranges still count.

    Raises:
        ReleaseError: no set of versions satisfies all ranges.
    """
    python = folder / ".venv/bin/python"
    lines = [f"{name} @ {path.as_uri()}" for name, path in siblings.items()]
    (folder / "constraints.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run("uv", "venv", "--quiet", "--no-project", "--python", sys.executable, ".venv", cwd=folder)
    target = f"{release.name} @ {wheel.as_uri()}"
    run("uv", "pip", "install", "--quiet", "--python", python, "--constraints", "constraints.txt", target, cwd=folder)
    return python


def install_problems(python: Path, release: Release, names: list[str], members: set[str]) -> Iterator[str]:
    """Import the package in that environment, and yield what differs from the release and its public names.

    `members` are the names of the workspace, of which nothing may have come from an index.

    Raises:
        ReleaseError: it cannot be imported.
    """
    import_name = release.name.replace("-", "_")
    home = python.parents[1]
    shown = json.loads(run(python, "-I", "-c", IMPORT, import_name, release.name, cwd=home).splitlines()[-1])
    if not Path(shown["file"]).is_relative_to(home):
        yield f"{import_name} was imported from outside the clean environment."
    if shown["version"] != str(release.version):
        yield f"the installed version is {shown['version']}, not {release.version}."
    for name in sorted(members & set(map(normalised, shown["indexed"]))):
        yield f"{name} came from a package index, where it may be something else. Release {name} first."
    if shown["missing"]:
        yield f"{import_name} lacks {', '.join(shown['missing'])}, named in __all__."
    if sorted(shown["names"]) != sorted(names):
        yield f"__all__ differs from the source: {', '.join(sorted(set(shown['names']) ^ set(names)))}."
