"""Rows as a data folder of LLaMA-Factory, both ways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llava_train.dialogue import Row
from llava_train.errors import RowError
from llava_train.exported_rows import ExportedRow, export_rows
from llava_train.tagged_turns import Weights, content_to_parts, refuse_weights, require_weights, tagged_content
from llava_train.whole_files import write_whole

_RESERVED = ("<image>", "<video>", "<audio>")
_INFO = "dataset_info.json"
_ROLES = {"user": "user", "assistant": "assistant", "system": "system"}


def write_llama_factory(
    rows: Iterable[Mapping[str, Any]],
    folder: str | os.PathLike[str],
    name: str,
    *,
    image_root: str | os.PathLike[str] | None = None,
    weights: Weights = "refuse",
) -> Path:
    """Write `<name>.json` and its entry in the folder's `dataset_info.json`, other entries kept; returns the file.

    Train with `dataset_dir: <folder>` and `dataset: <name>`. Relative paths stay relative; LLaMA-Factory looks for them
    in `media_dir`, by default the folder, so that another `image_root` must be given as `media_dir`. It knows no answer
    weights and no answers to skip.

    Args:
        rows: to write.
        folder: holds the files, each written whole or not at all.
        name: of the data set: letters, digits, `_`, `-` and `.`.
        image_root: folder that relative paths start from; None for `folder`. PIL images are saved in it.
        weights: `refuse` rows with answer weights, or `drop` the weights.

    Raises:
        RowError: a row cannot be read or written; it is named. `name`, `not_json`: the name or `dataset_info.json`.
        SettingsError: an unknown choice of `weights`.
    """
    require_weights(weights)
    folder = Path(folder)
    if not name or not all(char.isalnum() or char in "_-." for char in name) or f"{name}.json" == _INFO:
        raise RowError("name", f"name must be made of letters, digits, _, - and .; got {name!r}.")
    path = folder / f"{name}.json"
    entries = _entries(folder)

    def convert(row: ExportedRow) -> dict[str, Any]:
        refuse_weights(row.dialogue, weights, "LLaMA-Factory")
        messages = [
            {"role": message["role"], "content": tagged_content(message, _RESERVED)}
            for message in row.dialogue.messages
        ]
        return {"id": row.id, "messages": messages, "images": row.paths}

    written = list(export_rows(rows, path, image_root, convert))
    write_whole(path, json.dumps(written, ensure_ascii=False, indent=1) + "\n")
    entries[name] = _entry(path.name)
    write_whole(folder / _INFO, json.dumps(entries, ensure_ascii=False, indent=2) + "\n")
    return path


def read_llama_factory(folder: str | os.PathLike[str], name: str) -> list[Row]:
    """Read a ShareGPT or OpenAI data set of a data folder as rows, by the columns and tags of its entry.

    Other columns stay as they are; rows without an id get their position as id.

    Raises:
        RowError: there is no such entry, its file is not JSON, or a row has no turns of known roles.
    """
    folder = Path(folder)
    entry = _entries(folder).get(name)
    if entry is None or entry.get("formatting") not in ("sharegpt", "openai") or "file_name" not in entry:
        raise RowError("name", f"{_INFO} must have an entry {name!r} of formatting sharegpt with a file_name.")
    rows = _load(folder / entry["file_name"])
    return [_read_row(row, number, entry) for number, row in enumerate(rows)]


def _entry(file_name: str) -> dict[str, Any]:
    tags = {"role_tag": "role", "content_tag": "content"} | {f"{role}_tag": tag for role, tag in _ROLES.items()}
    columns = {"messages": "messages", "images": "images"}
    return {"file_name": file_name, "formatting": "sharegpt", "columns": columns, "tags": tags}


def _entries(folder: Path) -> dict[str, Any]:
    path = folder / _INFO
    return _load(path) if path.exists() else {}


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RowError("not_json", f"{path.name} must hold JSON: {error}.") from error


def _read_row(row: Mapping[str, Any], number: int, entry: Mapping[str, Any]) -> Row:
    columns, tags = entry.get("columns", {}), entry.get("tags", {})
    role_key, content_key = tags.get("role_tag", "from"), tags.get("content_tag", "value")
    names = {"user": "human", "assistant": "gpt", "system": "system"}
    role_of = {tags.get(f"{role}_tag", default): role for role, default in names.items()}
    turns, images = columns.get("messages", "conversations"), columns.get("images", "images")
    try:
        messages = [
            {"role": role_of[turn[role_key]], "content": content_to_parts(turn[content_key])} for turn in row[turns]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise RowError("turn_form", f"row {number} has no {turns} of {role_key} and {content_key}: {error}.") from error
    rest = {key: value for key, value in row.items() if key not in (turns, images)}
    found = row.get(images) or []
    return {
        **rest,
        "id": str(row.get("id", number)),
        "messages": messages,
        "images": [found] if isinstance(found, str) else list(found),
    }
