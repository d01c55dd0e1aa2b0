"""Everything this package raises."""

from __future__ import annotations


class CodeCaptionError(ValueError):
    """Base of all errors; the message says what was expected, what was found and what to do.

    CodeCaptionError
    ├── SceneError    a scene, an element, a group or a relation that does not hold together
    ├── CodeError     text that is no code caption; never evaluated
    ├── EvidenceError questions, replies or what is filed of them that do not go together
    └── SettingsError settings out of range or that do not go together

    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """A short slug to count by."""

    def __reduce__(self) -> tuple[type[CodeCaptionError], tuple[str, str]]:
        """Survive the way between worker processes with the reason."""
        return type(self), (self.reason, str(self))


class SceneError(CodeCaptionError):
    """A scene, an element, a group or a relation that does not hold together."""


class CodeError(CodeCaptionError):
    """Text that is no code caption; it was never evaluated."""


class EvidenceError(CodeCaptionError):
    """Questions, replies or what is filed of them that do not go together.

    Reasons: `answer`, `about`, `phrases`, `asked_twice`, `replies`.
    """


class SettingsError(CodeCaptionError):
    """Settings out of range or that do not go together."""
