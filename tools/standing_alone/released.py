"""Siblings at the lowest version that was released, built from their tags."""

from __future__ import annotations

from pathlib import Path

from distributions.releases import Release, build_release, releases
from distributions.wheels import Wheel
from packaging.specifiers import SpecifierSet


class ReleasedWheels:
    """Siblings as they were released, each built once."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._built: dict[Release, Wheel] = {}

    def lowest(self, name: str, admitted: SpecifierSet) -> Wheel | None:
        """Return the oldest released version that the ranges admit; None where none was released.

        Raises:
            CommandError: it cannot be built.
        """
        fitting = [one for one in releases(self._root, name) if admitted.contains(one.version)]
        return self._wheel(fitting[0]) if fitting else None

    def _wheel(self, release: Release) -> Wheel:
        if release not in self._built:
            self._built[release] = build_release(self._root, release, f"packages/{release.name}", self._folder)
        return self._built[release]
