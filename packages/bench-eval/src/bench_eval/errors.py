"""Every error that this package raises on purpose.

- `BenchEvalError`: the base of all.
  - `FileError`: a file cannot be read, or does not hold what it should.
  - `RowError`: a row lacks what is needed, or an id occurs twice.
  - `PairingError`: the two sides of a comparison do not hold the same ids.
  - `StatisticsError`: numbers outside the range that a statistic is made for.
"""

from __future__ import annotations


class BenchEvalError(Exception):
    """Base of every error that this package raises on purpose."""


class FileError(BenchEvalError):
    """Raised when a file cannot be read, or does not hold what it should."""


class RowError(BenchEvalError):
    """Raised when a row lacks what is needed, or an id occurs twice."""


class PairingError(BenchEvalError):
    """Raised when the two sides of a comparison do not hold the same ids."""


class StatisticsError(BenchEvalError):
    """Raised when a number lies outside the range that a statistic is made for."""
