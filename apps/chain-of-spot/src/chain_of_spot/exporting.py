"""Annotations and dialogues as files for others: the step `export`."""

from pathlib import Path
from typing import Any

from box_space import Box, OriginalPixels
from shard_runner import Row, Task, TaskContext
from shard_runner.cli import write_json

from chain_of_spot.questions import row_to_question
from chain_of_spot.scoring import map_scores
from chain_of_spot.settings import CosSettings

ANNOTATIONS, PARAMS, DIALOGUES = "annotations.json", "params.json", "dialogues.json"
"""Regions by key; the published form of them; training rows in LLaVA's form."""

MAP_SCORES = "map-scores.json"
"""How well maps and regions meet true boxes; an empty object where the data has none."""


def export_task(settings: CosSettings) -> Task:
    """Write regions in our form and in the published one, and the dialogues with the mix's text rows as LLaVA JSON."""

    def run(ctx: TaskContext) -> None:
        from roi_attention.zoom import annotation_to_row, row_to_conversations, write_params

        rows = list(ctx.read_rows("annotate"))
        found = [row_to_annotation(row, settings) for row in rows if row["box_xyxy_px"]]
        write_json(ctx.folder / ANNOTATIONS, [annotation_to_row(one) for one in found])
        written = write_params([row_to_question(row) for row in rows], found, ctx.folder / PARAMS)
        write_json(ctx.folder / MAP_SCORES, map_scores(rows))
        counts = {"written": written.written, "missed": len(written.missed), "inexact": len(written.inexact)}
        write_json(ctx.folder / "params-counts.json", counts)
        dialogues = [row_to_conversations(row) for row in ctx.read_rows("dialogues")]
        write_json(ctx.folder / DIALOGUES, [*dialogues, *ctx.read_rows("texts")])

    return Task(name="export", run=run, inputs=("annotate", "dialogues", "texts"))


def row_to_annotation(row: Row, settings: CosSettings) -> Any:
    """The region of a row as `roi_attention.zoom.Annotation`."""
    from roi_attention.zoom import Annotation

    made = row.get("map") or {}
    share = made.get("first_order_share")
    return Annotation(
        row["id"],
        row["dataset"],
        row["row_id"],
        row["question"],
        Box(*row["box_xyxy_px"], space=OriginalPixels(row["width"], row["height"])),
        mass=row["mass"] if row["mass"] >= 0 else None,
        first_order_share=share if share is not None and share >= 0 else None,
        target=made.get("target") or "",
        model=Path(settings.model or "").name,
        method=row["from"],
    )
