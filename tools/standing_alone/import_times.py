"""How long the import of a core takes."""

from __future__ import annotations

from distributions.environments import Environment

BAR_S = 0.3
"""An import of a core takes no longer."""

TIMED = "import time; start_s = time.process_time(); import {name}; print(time.process_time() - start_s)"
"""Processor time: on a busy machine it is near the truth, where the clock said four times as much."""


def import_time_s(environment: Environment, name: str, *, bar_s: float = BAR_S, processes: int = 5) -> float:
    """Return processor seconds of the fastest of some fresh processes, byte code compiled before.

    Other work on the machine only ever adds, to a median too; above the bar twice as many processes have another try.
    """
    times_s = [float(environment.script(TIMED.format(name=name))) for _ in range(processes)]
    if min(times_s) > bar_s:
        times_s += [float(environment.script(TIMED.format(name=name))) for _ in range(2 * processes)]
    return min(times_s)
