"""What answer-judge raises."""


class JudgeError(Exception):
    """Base of all errors of this package.

    ```
    JudgeError
    ├── MissingExtra     an optional dependency is not installed
    └── EmbeddingError   an embedder returned the wrong shape or numbers that are not finite
    ```
    """


class MissingExtra(JudgeError, ImportError):
    """An optional dependency is not installed; the message holds the install command."""


class EmbeddingError(JudgeError):
    """An embedder returned the wrong shape or numbers that are not finite."""
