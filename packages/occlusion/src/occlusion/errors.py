"""The one error of this package: what was wrong, and a short reason that can be counted."""

from __future__ import annotations

from collections.abc import Callable


class OcclusionError(ValueError):
    """An input that cannot be turned into an instance; `reason` is a short slug for accounts.

    >>> OcclusionError("empty_mask", "mask_hw must contain the object; got no true pixel.").reason
    'empty_mask'
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Callable[..., OcclusionError], tuple[type[OcclusionError], str, str]]:
        """Survive the way between worker processes with the reason, subclasses with arguments of their own too."""
        return _restored, (type(self), self.reason, str(self))


class MissingExtraError(OcclusionError, ImportError):
    """An optional engine is not installed; the message carries the install command."""

    def __init__(self, module: str, extra: str, *, command: str = "") -> None:
        install = command or f"pip install 'occlusion[{extra}]'"
        super().__init__("missing_extra", f"{module} is not installed; run: {install}")


def _restored(kind: type[OcclusionError], reason: str, message: str) -> OcclusionError:
    error = kind.__new__(kind)
    OcclusionError.__init__(error, reason, message)
    return error
