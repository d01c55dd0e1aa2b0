"""Comparisons in a JSON file, so that a report can be made later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

from bench_eval.comparison import Comparison
from bench_eval.errors import FileError
from bench_eval.intervals import Interval
from bench_eval.json_files import read_json_list
from bench_eval.whole_files import write_text_whole


def save_comparisons(comparisons: Iterable[Comparison], path: str | Path) -> Path:
    """Write comparisons as a JSON list, whole or not at all, and return the path; missing folders are made."""
    path = Path(path)
    text = json.dumps([asdict(comparison) for comparison in comparisons], indent=1)
    return write_text_whole(path, text)


def load_comparisons(path: str | Path) -> list[Comparison]:
    """Return the comparisons of a file that `save_comparisons` wrote; none where there is no file yet.

    Raises:
        FileError: the file is torn, or an item of its list is no comparison.
    """
    path = Path(path)
    if not path.exists():
        return []
    return [_comparison(item, f"{path.name}, item {k}") for k, item in enumerate(read_json_list(path))]


def _comparison(item: Any, where: str) -> Comparison:
    kinds = get_type_hints(Comparison)
    found = cast("Mapping[str, Any]", item if isinstance(item, dict) else {})
    if found.keys() != kinds.keys():
        raise FileError(
            f"{where} must have the fields {', '.join(kinds)}; got {', '.join(found) or type(item).__name__}."
        )
    for name, kind in kinds.items():
        if not _fits(found[name], kind):
            raise FileError(f"{where}: {name} must be {_KINDS.get(kind, kind)}; got {found[name]!r}.")
    values: dict[str, Any] = {
        name: Interval(*found[name]) if kind is Interval else found[name] for name, kind in kinds.items()
    }
    return Comparison(**values)


_KINDS = {str: "text", int: "a whole number", float: "a number", Interval: "two numbers"}


def _fits(value: Any, kind: Any) -> bool:
    if kind is Interval:
        return isinstance(value, list) and [_fits(end, float) for end in cast("list[Any]", value)] == [True, True]
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind) if isinstance(kind, type) else value in get_args(kind)
