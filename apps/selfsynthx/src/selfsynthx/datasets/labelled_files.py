"""Labelled sets as files: Parquet, JSON, JSON lines and CSV, and the original's pair of index files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shard_runner import TableError, read_table

from selfsynthx.datasets.labelled import LabelledSet, Refusal, accept_rows, checked_set
from selfsynthx.datasets.labelled_folders import SPLIT_NAMES, folder_rows
from selfsynthx.datasets.splits import LabelledRow, Shares, carve_validation, split_rows
from selfsynthx.errors import InputError, SettingsError

_KNOWN_COLUMNS = {
    "id": ("id", "image_id"),
    "image": ("image", "img_path", "image_path", "path", "file_name", "file"),
    "label": ("label", "class", "class_name"),
    "split": ("split", "subset"),
}
"""Names that are tried in order; `img_path` is the original's."""


def read_labelled(
    path: str | Path,
    *,
    images: str | Path | None = None,
    shares: Shares | None = None,
    seed: int = 0,
) -> LabelledSet:
    """A labelled set: a folder for each class, or a file of rows.

    A folder holds one folder for each class, or `train`, `test` and `val` folders that do. A file is Parquet, JSON,
    JSONL or CSV; the original's `NAME-train.json` is read with `NAME-test.json` beside it, ids get `train-` and
    `test-` before them. Rows without splits get one by label and a hash of their ids; where a set has no validation, a
    share of train becomes it.

    Args:
        path: of the folder or file.
        images: folder that image paths are relative to; by default the folder, or the file's.
        shares: of train, validation and test; by default 0.8, 0.1, 0.1.
        seed: of the split.

    Raises:
        InputError: the source cannot be read or makes no set, see `checked_set`.
        SettingsError: another suffix.
    """
    path, shares = Path(path), shares or Shares()
    if path.is_dir():
        candidates, root, unknown = list(folder_rows(path)), path, []
    else:
        candidates, unknown = _file_rows(path)
        root = path.parent if images is None else Path(images)
    if not root.is_dir():
        raise InputError(f"the image folder must be there; {root} is none.")
    kept, refused = accept_rows(candidates, root)
    return checked_set(_with_splits(kept, shares, seed), root, [*unknown, *refused], source=path.name)


def write_labelled(found: LabelledSet, path: str | Path) -> None:
    """Write the rows `{id, image, label, split}`, in order, as Parquet, JSON, JSONL or CSV.

    Raises:
        SettingsError: another suffix.
    """
    path = Path(path)
    _check_suffix(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    rows = [dict(row) for row in found.rows]
    _WRITERS[path.suffix.lower()](rows, partial)
    partial.replace(path)


def _write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)


def _write_json(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_json_lines(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LabelledRow.__annotations__, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


_WRITERS = {".parquet": _write_parquet, ".json": _write_json, ".jsonl": _write_json_lines, ".csv": _write_csv}
"""By the suffixes of files that are read and written."""


def _with_splits(rows: list[LabelledRow], shares: Shares, seed: int) -> list[LabelledRow]:
    if not any(row["split"] for row in rows):
        return split_rows(rows, shares, seed=seed)
    if any(row["split"] == "validation" for row in rows):
        return rows
    return carve_validation(rows, shares.validation, seed=seed)


def _file_rows(path: Path) -> tuple[list[LabelledRow], list[Refusal]]:
    _check_suffix(path)
    pair = _index_pair(path)
    if pair is None:
        return _as_labelled(_read(path), path.name, split="")
    found: list[LabelledRow] = []
    refused: list[Refusal] = []
    for split, file in pair.items():
        rows, unknown = _as_labelled(_read(file), file.name, split=split)
        found += [LabelledRow(id=f"{split}-{r['id']}", image=r["image"], label=r["label"], split=split) for r in rows]
        refused += unknown
    return found, refused


def _index_pair(path: Path) -> dict[str, Path] | None:
    """The original's two files, told by their names; None if it is one file."""
    if path.suffix.lower() != ".json" or not path.stem.endswith("-train"):
        return None
    test = path.with_name(f"{path.stem.removesuffix('-train')}-test{path.suffix}")
    if not test.is_file():
        raise InputError(f"{path.name} is one of a pair of index files; {test.name} must lie beside it.")
    return {"train": path, "test": test}


def _as_labelled(
    rows: Sequence[Mapping[str, Any]], name: str, *, split: str
) -> tuple[list[LabelledRow], list[Refusal]]:
    if not rows:
        raise InputError(f"{name} holds no row.")
    used = _columns(rows, name)
    found: list[LabelledRow] = []
    refused: list[Refusal] = []
    for row in rows:
        image, label = _text(row.get(used["image"])), _text(row.get(used["label"]))
        row_id = _text(row.get(used["id"])) if used["id"] else image
        given = _text(row.get(used["split"])).strip().lower() if used["split"] and not split else split
        if used["split"] and given not in SPLIT_NAMES:
            refused.append(Refusal(row_id, "unknown_split", repr(given)))
        else:
            found.append(LabelledRow(id=row_id, image=image, label=label, split=SPLIT_NAMES.get(given, "")))
    return found, refused


def _columns(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, str]:
    """The names of the columns in this file; empty for an id or split that it lacks."""
    there = dict.fromkeys(key for row in rows for key in row)
    used: dict[str, str] = {}
    for field, known in _KNOWN_COLUMNS.items():
        used[field] = next((column for column in known if column in there), "")
        if not used[field] and field in ("image", "label"):
            listed = ", ".join(map(str, there))
            raise InputError(f"{name} must have a column {' or '.join(known)} for the {field}; it has {listed}.")
    return used


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix.lower() == ".csv":
        return list(_csv_rows(path))
    try:
        return read_table(path)
    except TableError as error:
        raise InputError(f"{error}.") from error


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                if None in row:
                    raise InputError(f"{path.name}, line {reader.line_num}: more fields than the header names.")
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in _WRITERS:
        raise SettingsError(f"a labelled set must be a folder or end in {', '.join(_WRITERS)}; got {path.name!r}.")
