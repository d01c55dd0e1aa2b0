"""One thing that gives a hidden object away."""

from __future__ import annotations

from dataclasses import dataclass

LEAK_KINDS = (
    "object_visible",
    "outline",
    "alpha",
    "frames",
    "preview",
    "metadata",
    "trailing_bytes",
    "file_name",
    "question",
)
"""What `find_leaks` looks for, in its order."""


@dataclass(frozen=True)
class Leak:
    """A way to tell what is hidden without seeing the context."""

    kind: str
    """One of `LEAK_KINDS`."""

    detail: str
    """What was found, and where."""
