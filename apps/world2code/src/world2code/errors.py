"""What can go wrong in a run, as one base error."""

import click


class World2CodeError(Exception):
    """The run cannot go on; the message says what was expected, what was found and what to do.

    World2CodeError
    ├── InputError      a file that the settings name is missing, is not what it should be, or holds nothing
    └── SettingsError   settings are missing or do not go together; on the command line a usage error (exit code 2)
    """


class InputError(World2CodeError):
    """A file that the settings name is missing, is not what it should be, or holds nothing."""


class SettingsError(World2CodeError, click.UsageError):
    """Settings that are missing or do not go together; on the command line a usage error (exit code 2)."""
