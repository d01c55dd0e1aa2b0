"""Everything this package raises."""


class CodeCaptionError(ValueError):
    """Base of all errors; the message says what was expected, what was found and what to do.

    CodeCaptionError
    ├── SceneError    a scene, an element, a group or a relation that does not hold together
    ├── CodeError     text that is no code caption; never evaluated
    └── SettingsError settings out of range or that do not go together

    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        """A short slug to count by."""


class SceneError(CodeCaptionError):
    """A scene, an element, a group or a relation that does not hold together."""


class CodeError(CodeCaptionError):
    """Text that is no code caption; it was never evaluated."""


class SettingsError(CodeCaptionError):
    """Settings out of range or that do not go together."""
