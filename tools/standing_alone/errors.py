"""What ends a step."""

from __future__ import annotations

from distributions.commands import CommandError


class StepError(Exception):
    """What a step needs is not there; a command of the step that fails is a CommandError."""


BROKEN = (CommandError, StepError)
"""Whatever ends a step."""


def last_line_first(error: Exception) -> str:
    """Return an error with what a traceback ends with on top, which is all that a table has room for."""
    if isinstance(error, CommandError) and any(line.startswith("Traceback") for line in error.lines):
        return "\n".join([error.lines[-1], *error.lines[-12:-1]])
    return str(error)
