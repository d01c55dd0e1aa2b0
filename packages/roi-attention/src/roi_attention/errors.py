"""What can go wrong, as one small tree of errors."""

from __future__ import annotations


class RoiAttentionError(ValueError):
    """Base of every error that this package raises; `reason` is a short slug to count by.

    RoiAttentionError
    ├── MapError               values, grid or target of a map do not fit together
    ├── ZoomError              a question, an annotation or a dialogue cannot be used
    ├── UnsupportedModelError  the model's image tokens or attention cannot be followed
    └── MissingExtraError      an optional engine is not installed
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[RoiAttentionError], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class MapError(RoiAttentionError):
    """Values, grid or target of a relevance map do not fit together."""


class ZoomError(RoiAttentionError):
    """A question, an annotation or a zoom dialogue cannot be used."""


class UnsupportedModelError(RoiAttentionError):
    """The model's image tokens or its attention cannot be followed."""


class MissingExtraError(RoiAttentionError, ImportError):
    """An optional engine is not installed; the message carries the install command."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__("missing_extra", f"{module} is not installed; run: pip install 'roi-attention[{extra}]'")

    def __reduce__(self) -> tuple[type[RoiAttentionError], tuple[str, str]]:
        return RoiAttentionError, (self.reason, str(self))
