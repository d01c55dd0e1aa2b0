"""What can go wrong in a run, as one base error."""

import click


class CvcError(Exception):
    """The run cannot go on; the message says what was expected, what was found and what to do."""


class InputError(CvcError):
    """A file that the settings name is missing, is not what it should be, or holds nothing."""


class SettingsError(CvcError, click.UsageError):
    """Settings that are missing or do not go together; on the command line a usage error (exit code 2)."""
