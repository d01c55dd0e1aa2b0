"""The one error of a release: a line that says what is wrong and what to do."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release that cannot go on; nothing of the repository was changed."""
