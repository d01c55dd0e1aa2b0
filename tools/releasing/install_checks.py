"""What must hold where the wheel of a release is installed into an environment that knows nothing of the workspace."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from distributions.environments import Environment
from distributions.importing import probe_import
from distributions.releases import Release
from distributions.wheels import Wheel, constraints, read_wheel
from workspace_rules.members import normalised


def install(folder: Path, wheel: Path, siblings: Iterable[Wheel]) -> Environment:
    """Install a wheel, beside these wheels of siblings, into a new environment in `folder`.

    Raises:
        CommandError: no set of versions satisfies all ranges.
    """
    environment = Environment(folder, Path(sys.executable))
    environment.install([read_wheel(wheel).target()], constraints(siblings), only_wheels=False)
    return environment


def install_problems(environment: Environment, release: Release, names: list[str], members: set[str]) -> Iterator[str]:
    """Import the package in that environment, and yield what differs from the release and its public names.

    `members` are the names of the workspace, of which nothing may have come from an index.

    Raises:
        CommandError: it cannot be imported.
    """
    import_name = release.name.replace("-", "_")
    imported = probe_import(environment, import_name)
    yield from imported.problems
    version = environment.script(f"import importlib.metadata as m; print(m.version({release.name!r}))").strip()
    if version != str(release.version):
        yield f"the installed version is {version}, not {release.version}."
    indexed = {normalised(line.partition("==")[0]) for line in environment.frozen() if "==" in line}
    for name in sorted(members & indexed):
        yield f"{name} came from a package index, where it may be something else. Release {name} first."
    if sorted(imported.names) != sorted(names):
        yield f"__all__ differs from the source: {', '.join(sorted(set(imported.names) ^ set(names)))}."
