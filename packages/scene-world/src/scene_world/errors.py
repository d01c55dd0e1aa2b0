"""Errors of this package."""

from __future__ import annotations

import importlib.util


class SceneWorldError(Exception):
    """Base of all errors that this package raises."""


class MissingExtraError(SceneWorldError, ImportError):
    """An optional dependency is not installed; the message carries the install command."""


def require(module: str, extra: str) -> None:
    """Checks that an optional dependency can be imported.

    Raises:
        MissingExtraError: it cannot.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(f"{module} is not installed. Install it with: pip install 'scene-world[{extra}]'")
