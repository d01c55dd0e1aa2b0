"""What can go wrong, as one small tree of errors."""

from __future__ import annotations


class SvcoLossError(Exception):
    """Base of every error that this package raises.

    SvcoLossError
    ├── LogpsError              log-probabilities of wrong shape, or not finite
    ├── BetaError               a beta is negative or not finite, or all are 0
    ├── BatchError              token ids, masks and images of a batch do not fit together
    ├── UnsupportedModelError   the model cannot be run with a shared prefix
    ├── PairFileError           a file of pairs cannot be read
    ├── EmbeddingError          an image embedder cannot be loaded, or its vectors are not what they must be
    ├── EmbeddingCacheError     a file of image embeddings cannot be used
    ├── SideError               a text names no side, or may mean something else by left and right
    ├── StoredReferenceError    reference log-probabilities cannot be read, are missing or not finite
    │   └── StaleReferenceError     they belong to another model, template or number type
    └── TrainingError           a training cannot start or go on
    """


class LogpsError(SvcoLossError):
    """Log-probabilities have a wrong shape or type, or are not finite; the message names field and rows."""


class BetaError(SvcoLossError):
    """A beta is negative or not finite, or all betas are 0."""


class BatchError(SvcoLossError):
    """Token ids, masks and images of a batch do not fit together."""


class UnsupportedModelError(SvcoLossError):
    """The model cannot be run with a shared prefix; `plain_pair_logps` may still work."""


class PairFileError(SvcoLossError):
    """A file of pairs cannot be read, is no JSON or holds no list."""


class EmbeddingError(SvcoLossError):
    """An image embedder cannot be loaded, or its vectors have a wrong shape, length or numbers that are not finite."""


class EmbeddingCacheError(SvcoLossError):
    """A file of image embeddings cannot be opened, read or written, or holds vectors of another length."""


class SideError(SvcoLossError):
    """A text whose left and right cannot be swapped; `reason` is `no_side` or `ambiguous_side`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[SideError], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class StoredReferenceError(SvcoLossError):
    """Stored reference log-probabilities cannot be read, are missing or not finite, or a model cannot be told apart."""


class StaleReferenceError(StoredReferenceError):
    """Stored reference log-probabilities belong to another model, template or number type."""


class TrainingError(SvcoLossError):
    """A training cannot start or go on: no pair is left, or settings do not go together."""
