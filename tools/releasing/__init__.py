"""Release one package of the workspace: changelog, public names, version, ranges, wheel, tag."""

from __future__ import annotations

from releasing.errors import ReleaseError
from releasing.one_release import Asked, make_release
from releasing.versions import PARTS

__all__ = ["PARTS", "Asked", "ReleaseError", "make_release"]
