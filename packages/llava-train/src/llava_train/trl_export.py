"""Rows as the Parquet file of a conversational vision dataset, for TRL."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from llava_train.exported_rows import ExportedRow, export_rows
from llava_train.extras import require
from llava_train.tagged_turns import Weights, refuse_weights, require_weights
from llava_train.whole_files import whole_file

_ROWS_AT_ONCE = 100


def write_trl(
    rows: Iterable[Mapping[str, Any]],
    path: str | os.PathLike[str],
    *,
    image_root: str | os.PathLike[str] | None = None,
    embed_images: bool = True,
    weights: Weights = "refuse",
) -> Path:
    """Write rows as Parquet with `id`, `messages` (content parts) and `images`; returns the path.

    `load_dataset("parquet", data_files=path, split="train")` gives what TRL's `SFTTrainer` takes, and `train` of this
    package too. TRL learns every token unless told `assistant_only_loss=True` (with a template that marks answers), and
    knows no answer weights.

    Args:
        rows: to write, at least one.
        path: the `.parquet` file, written whole or not at all.
        image_root: folder that relative paths of the rows start from; None for the folder of `path`.
        embed_images: put the images' bytes into the file, so that it can be moved alone; else absolute paths.
        weights: `refuse` rows with answer weights, or `drop` the weights.

    Raises:
        RowError: a row cannot be read or written; it is named.
        SettingsError: an unknown choice of `weights`.
        MissingExtraError: datasets is not installed.
    """
    require_weights(weights)
    path = Path(path)
    schema = _features().arrow_schema
    arrow, parquet = require("pyarrow"), require("pyarrow.parquet")

    def convert(row: ExportedRow) -> dict[str, Any]:
        refuse_weights(row.dialogue, weights, "TRL")
        images = [_image(row.image_root / image, embed_images) for image in row.paths]
        return {"id": row.id, "messages": list(row.dialogue.messages), "images": images}

    written = export_rows(rows, path, image_root, convert)
    with whole_file(path) as partial, parquet.ParquetWriter(partial, schema) as writer:
        while batch := list(islice(written, _ROWS_AT_ONCE)):
            writer.write_table(arrow.Table.from_pylist(batch, schema))
    return path


def _features() -> Any:
    datasets = require("datasets")
    text = datasets.Value("string")
    parts = datasets.List({"type": text, "text": text})
    messages = datasets.List({"role": text, "content": parts})
    return datasets.Features({"id": text, "messages": messages, "images": datasets.List(datasets.Image())})


def _image(path: Path, embed: bool) -> dict[str, Any]:
    if embed:
        return {"bytes": path.read_bytes(), "path": path.name}
    return {"bytes": None, "path": str(path.absolute())}
