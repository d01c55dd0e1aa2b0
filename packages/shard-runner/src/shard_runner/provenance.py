"""What outputs were made from, and whether that is still what they would be made from now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shard_runner.disk import read_record
from shard_runner.folder import STAGE_RECORD, TASK_RECORD, building_folder, is_whole, stage_folder

_MADE_FROM = ("name", "recipe", "tasks", "inputs", "samples", "fingerprint")


def same_recipe(record: Mapping[str, Any], made_from: Mapping[str, Any]) -> bool:
    """Tell whether an equal row would come to an equal outcome: all but the rows themselves is the same."""
    return all(record.get(key) == made_from[key] for key in ("recipe", "tasks"))


def same_input(record: Mapping[str, Any], made_from: Mapping[str, Any]) -> bool:
    """Tell whether the rows are the same as well: an output would be the very same."""
    return all(record.get(key) == made_from.get(key) for key in _MADE_FROM)


def is_current(record: Mapping[str, Any] | None, made_from: Mapping[str, Any]) -> bool:
    """Tell whether a source or stage with such a record has nothing to do, failed rows included."""
    return record is not None and not record["failed"] and same_input(record, made_from)


def whole_record(folder: Path) -> dict[str, Any] | None:
    """Return the record of a finished source or stage; None where there is none, or files are missing or cut off."""
    record = read_record(folder / STAGE_RECORD)
    return record if record and is_whole(folder, record) else None


def content_of(run_dir: Path, name: str) -> str | None:
    """Return the fingerprint of a step's output; None where it has not finished."""
    folder = stage_folder(run_dir, name)
    record = read_record(folder / STAGE_RECORD) or read_record(folder / TASK_RECORD)
    return record["content"] if record and record.get("finished", True) else None


def output_under(run_dir: Path, name: str, recipe: str) -> tuple[Path, dict[str, Any] | None]:
    """Return the folder of what a source or stage has made under a recipe, and its record if it has finished.

    While new output grows, it is the folder that grows.
    """
    folder, building = stage_folder(run_dir, name), building_folder(run_dir, name)
    record = read_record(folder / STAGE_RECORD)
    if building.exists() or record is None or record["recipe"] != recipe:
        return building, None
    return folder, record
