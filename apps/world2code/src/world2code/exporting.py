"""What a run made, as files for others: the step `export`."""

from typing import Any

from shard_runner import Row, Task, TaskContext
from shard_runner.cli import write_json

from world2code.arms import METHOD
from world2code.published import write_published
from world2code.settings import W2cSettings

CODES, DIALOGUES, COLUMNS = "codes.json", "rows.json", "published.parquet"
"""Code by image; training rows in LLaVA's form; the evidence under the published names of its columns."""


def export_task(settings: W2cSettings) -> Task:
    """Write code captions, training rows as LLaVA JSON, and the evidence as Parquet with the published columns."""

    def run(ctx: TaskContext) -> None:
        from llava_train import messages_to_llava

        scenes = ctx.read_rows("render")
        write_json(ctx.folder / CODES, [{name: row[name] for name in ("id", "image", "code")} for row in scenes])
        dialogues = [messages_to_llava(bare_row(row)) for row in ctx.read_rows("rows")]
        write_json(ctx.folder / DIALOGUES, dialogues)
        write_published(lambda: ctx.read_rows("validate"), ctx.folder / COLUMNS, settings.rules(METHOD))

    return Task(name="export", run=run, inputs=("render", "rows", "validate"))


def bare_row(row: Row) -> dict[str, Any]:
    """A stored row without the empty fields that a table gives to all turns and parts."""
    messages = [
        {
            "role": turn["role"],
            "content": [{k: v for k, v in part.items() if v is not None} for part in turn["content"]],
        }
        for turn in row["messages"]
    ]
    return {"id": row["id"], "images": row["images"], "messages": messages}
