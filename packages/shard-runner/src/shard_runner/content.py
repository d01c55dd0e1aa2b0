"""A fingerprint of a sequence of rows that does not depend on how the sequence is cut into shards."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shard_runner.plain import Row, to_json

_PRIME = 2**127 - 1
_BASE = 0x5DEECE66D1CE4E5B9BF58476D1CE4E5B % _PRIME


@dataclass(frozen=True)
class Content:
    """Fingerprint and number of rows in order; `a + b` is that of a's rows followed by b's."""

    value: int = 0
    rows: int = 0

    def __add__(self, other: "Content") -> "Content":
        return Content((self.value * pow(_BASE, other.rows, _PRIME) + other.value) % _PRIME, self.rows + other.rows)

    def __str__(self) -> str:
        return f"{self.value:032x}-{self.rows}"

    @staticmethod
    def from_text(text: str) -> "Content":
        """Return the content that `str` wrote."""
        value, rows = text.split("-")
        return Content(int(value, 16), int(rows))

    @staticmethod
    def of_rows(rows: Sequence[Row]) -> "Content":
        """Return the content of rows; it changes with any value and with their order.

        >>> rows = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
        >>> Content.of_rows(rows) == Content.of_rows(rows[:1]) + Content.of_rows(rows[1:])
        True
        """
        value = 0
        for row in rows:
            value = (value * _BASE + _row_number(row)) % _PRIME
        return Content(value, len(rows))


def _row_number(row: Row) -> int:
    text = to_json(row, sort_keys=True).encode("ascii")
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big") % _PRIME
