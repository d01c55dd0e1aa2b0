"""LLaVA JSON (`conversations` with `<image>`) and rows (`messages` with content parts), both ways."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llava_train.dialogue import ImageRef, Row, read_turns
from llava_train.errors import RowError
from llava_train.whole_files import write_whole

_PLACEHOLDER = re.compile(r"\n?<image>\n?")
_ROLE_OF = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
_SPEAKER_OF = {"user": "human", "assistant": "gpt", "system": "system"}


def llava_to_messages(row: Mapping[str, Any]) -> Row:
    """Turn one LLaVA row into a row with `messages` and `images`; other columns stay as they are.

    `<image>` may stand anywhere in a turn; one line break on either side belongs to it. A turn keeps its `weight`.

    >>> row = {"id": "7", "image": "a.png", "conversations": [
    ...     {"from": "human", "value": "<image>\\nWhat is it?"}, {"from": "gpt", "value": "A duck."}]}
    >>> llava_to_messages(row)["messages"][0]
    {'role': 'user', 'content': [{'type': 'image'}, {'type': 'text', 'text': 'What is it?'}]}

    Raises:
        RowError: `conversations` is not a list of turns with known speakers, or `image` is neither path nor list.
    """
    turns = row.get("conversations")
    if not isinstance(turns, list):
        raise RowError("no_messages", f"conversations must be a list; got {type(turns).__name__}.")
    rest = {key: value for key, value in row.items() if key not in ("conversations", "image", "images")}
    return {**rest, "messages": [_turn_to_message(turn) for turn in turns], "images": _llava_images(row)}


def messages_to_llava(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a row with `messages` and `images` into one LLaVA row; the inverse of `llava_to_messages`.

    Images stand in the column, or in the parts, or in front of plain texts, as for `read_dialogue`. One is written as
    `image: path`, several as `image: [paths]`, none without the key.

    Raises:
        RowError: a text holds a literal `<image>`, an image is not a path, a role has no speaker in LLaVA JSON, or
            `messages` are no turns.
    """
    rest = {key: value for key, value in row.items() if key not in ("messages", "images", "image")}
    messages, found = read_turns(row)
    images = [_path(image) for image in found]
    image = {} if not images else {"image": images[0] if len(images) == 1 else images}
    turns = [
        _message_to_turn(message) | _weight(given) for message, given in zip(messages, row["messages"], strict=True)
    ]
    return {**rest, **image, "conversations": turns}


def read_llava_json(path: str | os.PathLike[str]) -> list[Row]:
    """Read a LLaVA JSON list, or JSONL, as rows with `messages`; rows without an id get their position as id.

    Raises:
        RowError: the file is not such JSON, or rows of it cannot be read; the first five are named.
    """
    path = Path(path)
    rows: list[Row] = []
    bad: list[str] = []
    for k, raw in enumerate(_load(path)):
        row_id = str(raw.get("id", k)) if isinstance(raw, dict) else str(k)
        try:
            if not isinstance(raw, dict):
                raise RowError("row_form", f"a row must be an object; got {type(raw).__name__}.")
            rows.append(llava_to_messages({**raw, "id": row_id}))
        except RowError as error:
            bad.append(f"{row_id} ({error})")
    if bad:
        raise RowError("unreadable_rows", f"{len(bad)} rows of {path.name}: {'; '.join(bad[:5])}")
    return rows


def write_llava_json(rows: Iterable[Mapping[str, Any]], path: str | os.PathLike[str]) -> Path:
    """Write rows as a LLaVA JSON list, whole or not at all; returns the path.

    Raises:
        RowError: a row has no form in LLaVA JSON; it is named.
    """
    path = Path(path)
    written: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        try:
            written.append(messages_to_llava(row))
        except RowError as error:
            raise RowError(error.reason, f"row {str(row.get('id', number))!r}: {error.detail}") from error
    write_whole(path, json.dumps(written, ensure_ascii=False, indent=1) + "\n")
    return path


def _load(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RowError("not_json", f"{path.name} must be UTF-8: {error}.") from error
    if path.suffix == ".jsonl":
        lines = enumerate(text.split("\n"), start=1)
        return [_parsed(line, path.name, number) for number, line in lines if line.strip()]
    data = _parsed(text, path.name)
    if not isinstance(data, list):
        raise RowError("not_json", f"{path.name} must hold a list of rows; got {type(data).__name__}.")
    return data


def _parsed(text: str, name: str, first_line: int = 1) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RowError("not_json", f"{name}, line {first_line - 1 + error.lineno}: {error.msg}.") from error
    except RecursionError as error:
        raise RowError("not_json", f"{name}, line {first_line}: nested too deeply.") from error


def _llava_images(row: Mapping[str, Any]) -> list[str]:
    images = row.get("images") if row.get("image") is None else row["image"]  # a table has both columns in every row
    if images is None:
        return []
    if not isinstance(images, (str, list, tuple)):
        raise RowError("image_kind", f"image must be a path or a list of paths; got {type(images).__name__}.")
    return [images] if isinstance(images, str) else list(images)


def _turn_to_message(turn: Any) -> dict[str, Any]:
    speaker = turn.get("from") if isinstance(turn, Mapping) else None
    value = turn.get("value") if isinstance(turn, Mapping) else None
    if speaker not in _ROLE_OF or not isinstance(value, str):
        raise RowError("turn_form", f"a turn must have from (human, gpt or system) and value; got from {speaker!r}.")
    return {"role": _ROLE_OF[speaker], "content": _value_to_parts(value), **_weight(turn)}


def _weight(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A turn's own loss weight, which LLaVA's loader ignores."""
    return {} if turn.get("weight") is None else {"weight": turn["weight"]}


def _value_to_parts(value: str) -> list[dict[str, str]]:
    parts: list[dict[str, str]] = []
    for k, text in enumerate(_PLACEHOLDER.split(value)):
        parts += [{"type": "image"}] if k else []
        parts += [{"type": "text", "text": text}] if text else []
    return parts


def _message_to_turn(message: Mapping[str, Any]) -> dict[str, Any]:
    speaker = _SPEAKER_OF.get(message["role"])
    if speaker is None:
        raise RowError("roles", f"LLaVA JSON has no speaker for the role {message['role']!r}.")
    return {"from": speaker, "value": _parts_to_value(message["content"])}


def _parts_to_value(parts: Iterable[Mapping[str, Any]]) -> str:
    value, after_text = "", False
    for part in parts:
        if part["type"] == "image":
            value += "\n<image>\n" if after_text else "<image>\n"
        elif "<image>" in part["text"]:
            raise RowError("placeholder_in_text", "a text holds a literal <image>, which LLaVA JSON reads as an image.")
        else:
            value += part["text"]
        after_text = part["type"] == "text" and (after_text or bool(part["text"]))
    return value


def _path(image: ImageRef) -> str:
    if isinstance(image, str):
        return image
    raise RowError("image_kind", f"LLaVA JSON holds paths only; got {type(image).__name__}.")
