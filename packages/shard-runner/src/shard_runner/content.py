"""A fingerprint of a sequence of rows that does not depend on how the sequence is cut into shards."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shard_runner.plain import Row, to_sorted_json

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
    def of_digests(digests: Sequence[bytes]) -> "Content":
        """Return the content of rows, given the digest of each; it changes with any of them and with their order.

        >>> digests = [row_digest({"id": row_id}) for row_id in "abc"]
        >>> Content.of_digests(digests) == Content.of_digests(digests[:1]) + Content.of_digests(digests[1:])
        True
        """
        value = 0
        for digest in digests:
            value = (value * _BASE + int.from_bytes(digest, "big")) % _PRIME
        return Content(value, len(digests))


def row_digest(row: Row) -> bytes:
    """Return a 128-bit fingerprint of a row; the order of its keys does not matter."""
    return hashlib.blake2b(to_sorted_json(row).encode("ascii"), digest_size=16).digest()
