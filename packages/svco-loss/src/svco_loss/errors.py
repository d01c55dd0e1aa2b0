"""What can go wrong, as one small tree of errors."""

from __future__ import annotations


class SvcoLossError(Exception):
    """Base of every error that this package raises.

    SvcoLossError
    ├── LogpsError              log-probabilities of wrong shape, or not finite
    ├── BetaError               a beta is negative or not finite, or all are 0
    ├── BatchError              token ids, masks and images of a batch do not fit together
    ├── UnsupportedModelError   the model cannot be run with a shared prefix
    └── PairFileError           a file of pairs cannot be read
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
