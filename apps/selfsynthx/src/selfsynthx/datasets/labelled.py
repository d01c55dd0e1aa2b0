"""A set of labelled pictures that was checked: rows that can be used, and what became of the others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from answer_judge import LabelError, LabelSet

from selfsynthx.datasets.splits import SPLITS, LabelledRow
from selfsynthx.errors import InputError

REFUSALS = {
    "no_id": "has no id",
    "duplicate_id": "has an id that an earlier row has",
    "blank_label": "has no label",
    "label_without_letters": "has a label without letters and digits",
    "no_image": "names no image",
    "missing": "names an image that is not there",
    "outside_root": "names an image outside the image folder",
    "not_a_file": "names an image that is no file or an empty one",
    "duplicate_image": "names an image that an earlier row has",
    "unknown_split": "has a split that is none of train, validation and test",
    "leaf_in_test": "shows a leaf that is also in test",
}
"""Why a row can be refused, and in words."""


@dataclass(frozen=True)
class Refusal:
    """A row that was left out."""

    id: str
    """As in the source; may be empty."""
    reason: str
    """One of `REFUSALS`."""
    detail: str
    """What was found in its place."""


@dataclass(frozen=True)
class LabelledSet:
    """Labelled pictures; at least two labels, and none to be measured or chosen by that is not learned."""

    root: Path
    """Folder that image paths are relative to and may not leave."""
    rows: tuple[LabelledRow, ...]
    """Those that can be used, in the order of the source."""
    refused: tuple[Refusal, ...] = ()
    """Those that cannot."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted({row["label"] for row in self.rows}))

    def of_split(self, split: str) -> tuple[LabelledRow, ...]:
        """The rows of one split."""
        return tuple(row for row in self.rows if row["split"] == split)

    def counts(self) -> dict[str, int]:
        """Rows of each split."""
        found = Counter(row["split"] for row in self.rows)
        return {split: found[split] for split in SPLITS}

    def refusal_counts(self) -> dict[str, int]:
        """Refused rows by reason, the most frequent first."""
        return dict(Counter(one.reason for one in self.refused).most_common())


def accept_rows(rows: Iterable[LabelledRow], root: Path) -> tuple[list[LabelledRow], list[Refusal]]:
    """The rows that can be used, with clean paths and labels, and the others with reasons. The split is not looked at.

    Of rows with one id or one image the first is taken. Symbolic links are followed; none may leave the root.
    """
    real_root = os.path.realpath(root)
    ids: set[str] = set()
    images: set[str] = set()
    kept: list[LabelledRow] = []
    refused: list[Refusal] = []
    for row in rows:
        real = os.path.realpath(os.path.join(root, row["image"])) if "\0" not in row["image"] else ""
        reason = _row_fault(row, ids) or _image_fault(row["image"], real, real_root, images)
        if reason:
            refused.append(Refusal(row["id"], reason, repr(_looked_at(row, reason))))
            continue
        ids.add(row["id"])
        images.add(real)
        image = _relative(row["image"], root, real, real_root)
        kept.append(LabelledRow(id=row["id"], image=image, label=_one_line(row["label"]), split=row["split"]))
    return kept, refused


def checked_set(rows: Sequence[LabelledRow], root: Path, refused: Sequence[Refusal], *, source: str) -> LabelledSet:
    """The set of rows whose splits are decided.

    Args:
        rows: accepted ones.
        root: of their images.
        refused: the others.
        source: name of the set in messages.

    Raises:
        InputError: nothing is left, there are fewer than two labels or two that read alike, nothing to learn from or
            to measure with, or a label to measure with that is not learned.
    """
    found = LabelledSet(root, tuple(rows), tuple(refused))
    if not rows:
        raise InputError(f"{source} holds no row that can be used; {refusals_to_text(found) or 'it is empty'}.")
    if len(found.labels) < 2:
        raise InputError(f"{source} must have two labels or more; every row is labelled {rows[0]['label']!r}.")
    _check_distinct(found.labels, source)
    for split in ("train", "test"):
        if not found.of_split(split):
            counts = ", ".join(f"{name} {count}" for name, count in found.counts().items())
            raise InputError(f"{source} must have {split} rows; got {counts}.")
    learned = {row["label"] for row in found.of_split("train")}
    if lacking := [label for label in found.labels if label not in learned]:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        named = ", ".join(map(repr, lacking[:3])) + more
        raise InputError(f"{source} must have each label in train; {named} is only in validation or test.")
    return found


def refusals_to_text(found: LabelledSet) -> str:
    """One line on the rows left out, with an example for each reason; empty if there are none."""
    examples = {one.reason: one for one in reversed(found.refused)}
    return "; ".join(
        f"{count} refused: {reason} ({REFUSALS[reason]}; first {examples[reason].id!r}: {examples[reason].detail})"
        for reason, count in found.refusal_counts().items()
    )


def _check_distinct(labels: Sequence[str], source: str) -> None:
    try:
        LabelSet(labels)
    except LabelError as error:
        raise InputError(f"{source}: {error}.") from error


def _row_fault(row: LabelledRow, ids: set[str]) -> str:
    if not row["id"].strip():
        return "no_id"
    if row["id"] in ids:
        return "duplicate_id"
    if not row["label"].strip():
        return "blank_label"
    return "" if any(char.isalnum() for char in row["label"]) else "label_without_letters"


def _image_fault(image: str, real: str, real_root: str, images: set[str]) -> str:
    if not image.strip():
        return "no_image"
    if not real:
        return "missing"
    if not real.startswith(real_root.rstrip(os.sep) + os.sep):
        return "outside_root"
    if real in images:
        return "duplicate_image"
    if not os.path.exists(real):
        return "missing"
    return "" if os.path.isfile(real) and os.path.getsize(real) else "not_a_file"


def _looked_at(row: LabelledRow, reason: str) -> str:
    if reason in ("no_id", "duplicate_id"):
        return row["id"]
    return row["label"] if "label" in reason else row["image"]


def _relative(image: str, root: Path, real: str, real_root: str) -> str:
    """A path within the root with forward slashes and without detours; that of the file itself if it was absolute."""
    if os.path.isabs(image) or ".." in Path(image).parts:
        return Path(real).relative_to(real_root).as_posix()
    return Path(image).as_posix()


def _one_line(label: str) -> str:
    return " ".join(label.split())
