"""What can go wrong in a run, as one base error."""

import click


class SelfSynthXError(Exception):
    """The run cannot go on; the message says what was expected, what was found and what to do.

    SelfSynthXError
    ├── InputError      a file that the settings name is missing, is not what it should be, or holds nothing
    └── SettingsError   settings are missing or do not go together; on the command line a usage error (exit code 2)
    """


class InputError(SelfSynthXError):
    """A file that the settings name is missing, is not what it should be, or holds nothing."""


class SettingsError(SelfSynthXError, click.UsageError):
    """Settings that are missing or do not go together; on the command line a usage error (exit code 2)."""
