"""Rows as JSONL for ms-swift, both ways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llava_train.dialogue import Row
from llava_train.errors import RowError
from llava_train.exported_rows import ExportedRow, export_rows
from llava_train.tagged_turns import Weights, content_to_parts, require_weights, tagged_content
from llava_train.whole_files import whole_file

_RESERVED = (
    "<image>", "<video>", "<audio>", "<bbox>", "<ref-object>", "<cot-process>", "<start-image>", "<img>",
)  # fmt: skip


def write_ms_swift(
    rows: Iterable[Mapping[str, Any]],
    path: str | os.PathLike[str],
    *,
    image_root: str | os.PathLike[str] | None = None,
    weights: Weights = "refuse",
) -> Path:
    """Write rows as JSONL with `id`, `messages` (`<image>` in the texts) and `images` (paths); returns the path.

    Relative paths stay relative: ms-swift looks for them in its working folder, then in the environment variable
    `ROOT_IMAGE_DIR`, which must name `image_root`. An answer of weight 0 gets `"loss": false`. ms-swift has no key for
    other weights that works without a further option, so they are refused or dropped.

    Args:
        rows: to write.
        path: the `.jsonl` file, written whole or not at all.
        image_root: folder that relative paths start from; None for the folder of `path`. PIL images are saved in it.
        weights: `refuse` rows with answer weights other than 0 and 1, or `drop` those weights.

    Raises:
        RowError: a row cannot be read or written; it is named.
        SettingsError: an unknown choice of `weights`.
    """
    require_weights(weights)
    path = Path(path)

    def convert(row: ExportedRow) -> dict[str, Any]:
        answers = iter(row.dialogue.answer_weights)
        messages = [_message(message, answers, weights) for message in row.dialogue.messages]
        return {"id": row.id, "messages": messages, "images": row.paths}

    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        for row in export_rows(rows, path, image_root, convert):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def read_ms_swift(path: str | os.PathLike[str]) -> list[Row]:
    """Read JSONL as ms-swift takes it (`messages`, `images`) as rows; `"loss": false` becomes the weight 0.

    Other columns stay as they are; rows without an id get their position as id.

    Raises:
        RowError: a line is not such a row; it is numbered.
    """
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    return [_read_line(line, number) for number, line in enumerate(line for line in lines if line.strip())]


def _message(message: Mapping[str, Any], answers: Any, weights: Weights) -> dict[str, Any]:
    written = {"role": message["role"], "content": tagged_content(message, _RESERVED)}
    weight = next(answers) if message["role"] == "assistant" else 1
    if weight not in (0, 1) and weights == "refuse":
        raise RowError(
            "weight", f"ms-swift cannot carry the answer weight {weight}; pass weights='drop' to learn it at 1."
        )
    return {**written, "loss": False} if weight == 0 else written


def _read_line(line: str, number: int) -> Row:
    try:
        raw = json.loads(line)
        images = raw.get("images") or []
        messages = [_read_message(message) for message in raw["messages"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RowError("row_form", f"line {number + 1} must be an object with messages of role and content.") from error
    row_id = str(raw.get("id", number))
    return {**raw, "id": row_id, "messages": messages, "images": [images] if isinstance(images, str) else images}


def _read_message(message: Mapping[str, Any]) -> dict[str, Any]:
    weight = {"weight": 0} if message.get("loss") is False else {}
    return {"role": message["role"], "content": content_to_parts(message["content"]), **weight}
