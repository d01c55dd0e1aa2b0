"""The import of an installed package: what it offers, what it loads, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from workspace_rules.heavy import HEAVY

from distributions.environments import Environment

PROBE = """
import json, sys
import {name} as package
heavy = [module for module in {heavy!r} if module in sys.modules]
names = list(package.__all__)
missing = [name for name in names if not hasattr(package, name)]
print(json.dumps({{"file": package.__file__, "heavy": heavy, "missing": missing, "names": names}}))
"""


@dataclass(frozen=True)
class Imported:
    """What an import has shown."""

    names: tuple[str, ...]
    """Public names, as `__all__` has them."""
    problems: tuple[str, ...]
    """What is wrong, a sentence each."""


def probe_import(environment: Environment, name: str) -> Imported:
    """Import a package and look up all its public names.

    Raises:
        CommandError: the import fails.
    """
    said = json.loads(environment.script(PROBE.format(name=name, heavy=HEAVY)).splitlines()[-1])
    problems = [f"{name} lacks {', '.join(said['missing'])}, named in __all__."] if said["missing"] else []
    if said["heavy"]:
        problems.append(f"the import of {name} loads {', '.join(said['heavy'])}.")
    if not Path(said["file"]).is_relative_to(environment.site_packages):
        problems.append(f"{name} was imported from {said['file']}, not from its own environment.")
    return Imported(tuple(said["names"]), tuple(problems))
