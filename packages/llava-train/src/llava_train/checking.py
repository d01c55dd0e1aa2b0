"""Verdicts on rows before training starts, so that no row can stop it later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from box_space import ImageError

from llava_train.augmenting import row_augmentation
from llava_train.dialogue import Row
from llava_train.encoding import RowEncoder
from llava_train.errors import RowError


@dataclass(frozen=True)
class Refusal:
    """One row that will not be trained on, and why."""

    id: str
    reason: str
    """A short slug that can be counted: `too_long`, `image_count`, `missing`, `truncated`..."""
    detail: str


@dataclass(frozen=True)
class CheckedRows:
    """Rows that training can use, and a verdict for each other."""

    kept: tuple[Row, ...]
    refused: tuple[Refusal, ...]
    lengths: tuple[int, ...]
    """Tokens of each kept row."""

    @property
    def reasons(self) -> dict[str, int]:
        """Number of refused rows for each reason."""
        return dict(Counter(refusal.reason for refusal in self.refused))


def check_rows(rows: Sequence[Mapping[str, Any]], encoder: RowEncoder) -> CheckedRows:
    """Read each row as training will: dialogue, images decoded, template, tokens counted; refuse those that fail.

    A second row with the id of an earlier one is refused as `duplicate_id`.
    """
    kept: list[Row] = []
    refused: list[Refusal] = []
    lengths: list[int] = []
    seen: set[str] = set()
    for k, row in enumerate(rows):
        verdict = _verdict(row, str(row.get("id", k)), seen, encoder)
        if isinstance(verdict, Refusal):
            refused.append(verdict)
        else:
            kept.append(dict(row))
            lengths.append(verdict)
    return CheckedRows(tuple(kept), tuple(refused), tuple(lengths))


def _verdict(row: Mapping[str, Any], row_id: str, seen: set[str], encoder: RowEncoder) -> Refusal | int:
    """The row's number of tokens, or why it cannot be used."""
    if row_id in seen:
        return Refusal(row_id, "duplicate_id", "an earlier row has the same id.")
    seen.add(row_id)
    try:
        row_augmentation(row, "none")
        return encoder.check(row)
    except RowError as error:
        return Refusal(row_id, error.reason, error.detail)
    except ImageError as error:
        return Refusal(row_id, error.reason, str(error))
