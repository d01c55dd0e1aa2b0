"""The import of a core: what it offers, what it loads, and how long it takes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workspace_rules.heavy import HEAVY

from standing_alone.environments import Environment

BAR_S = 0.3
"""An import of a core takes no longer."""

PROBE = """
import json, sys
import {name} as package
heavy = [module for module in {heavy!r} if module in sys.modules]
missing = [public for public in package.__all__ if not hasattr(package, public)]
print(json.dumps({{"file": package.__file__, "heavy": heavy, "missing": missing, "names": len(package.__all__)}}))
"""

TIMED = "import time; start_s = time.process_time(); import {name}; print(time.process_time() - start_s)"
"""Processor time: on a busy machine it is near the truth, where the clock said four times as much."""


@dataclass(frozen=True)
class Imported:
    """What an import has shown."""

    names: int
    """Public names."""
    problems: tuple[str, ...]
    """What is wrong, a line each."""


def probe_import(environment: Environment, name: str) -> Imported:
    """Import a package and look up all its public names.

    Raises:
        StepError: the import fails.
    """
    said = json.loads(environment.script(PROBE.format(name=name, heavy=HEAVY)))
    problems = [f"__all__ names {public}, which does not exist" for public in said["missing"]]
    if said["heavy"]:
        problems.append(f"the import loads {', '.join(said['heavy'])}")
    if not said["file"].startswith(str(environment.site_packages)):
        problems.append(f"imported from {said['file']}, not from its own environment")
    return Imported(said["names"], tuple(problems))


def import_time_s(environment: Environment, name: str, *, bar_s: float = BAR_S, processes: int = 5) -> float:
    """Return processor seconds of the fastest of some fresh processes, byte code compiled before.

    Other work on the machine only ever adds, to a median too; above the bar twice as many processes have another try.
    """
    times_s = [float(environment.script(TIMED.format(name=name))) for _ in range(processes)]
    if min(times_s) > bar_s:
        times_s += [float(environment.script(TIMED.format(name=name))) for _ in range(2 * processes)]
    return min(times_s)
