"""Raw downloads: find their root, say what is missing, read their lists line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from selfsynthx.datasets.labelled import LabelledSet, Refusal, accept_rows, checked_set
from selfsynthx.datasets.splits import GroupOf, LabelledRow, carve_validation
from selfsynthx.errors import InputError


def find_root(raw: str | Path, *, title: str, needed: Sequence[str], within: Sequence[str] = ()) -> Path:
    """The folder that has all that is needed: the given one, or one of those within it that archives unpack to.

    Raises:
        InputError: none of them has; the message says what the nearest one lacks.
    """
    folders = [path for path in (Path(raw), *(Path(raw) / name for name in within)) if path.is_dir()]
    if not folders:
        raise InputError(f"{title}: the folder of the unpacked download must be given; {raw} is none.")
    lacking = {folder: [name for name in needed if not (folder / name).exists()] for folder in folders}
    best = min(folders, key=lambda folder: len(lacking[folder]))
    if lacking[best]:
        raise InputError(
            f"{title} must have {', '.join(needed)}; {best} lacks {', '.join(lacking[best])}. "
            f"Unpack {title} from its authors and give the folder that holds {needed[0]}."
        )
    return best


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """The first word and the rest of every line that is not blank.

    Raises:
        InputError: the file can't be read, or a line is a single word.
    """
    for number, line in enumerate(read_lines(path), start=1):
        first, _, rest = line.partition(" ")
        if not line:
            continue
        if not rest.strip():
            raise InputError(f"{path.name}, line {number}: expected two fields, got {line!r}.")
        yield first, rest.strip()


def read_lines(path: Path) -> list[str]:
    """The lines of a text, without blanks around them.

    Raises:
        InputError: the file can't be read.
    """
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error


def read_map(path: Path) -> dict[str, str]:
    """The pairs of a file; the first word is a key that comes once.

    Raises:
        InputError: as `read_pairs`, or a key comes twice.
    """
    found: dict[str, str] = {}
    for key, value in read_pairs(path):
        if key in found:
            raise InputError(f"{path.name} must have each id once; {key!r} comes twice.")
        found[key] = value
    return found


def raw_set(
    rows: Sequence[LabelledRow],
    root: Path,
    *,
    title: str,
    validation_share: float,
    seed: int,
    group: GroupOf | None = None,
    refused: Sequence[Refusal] = (),
) -> LabelledSet:
    """The checked set of rows with splits, with a share of train made validation; 0 leaves the splits as they are."""
    kept, left_out = accept_rows(rows, root)
    carved = carve_validation(kept, validation_share, seed=seed, group=group)
    return checked_set(carved, root, [*refused, *left_out], source=title)
