"""What a run made, as files for others: the step `export`."""

from shard_runner import Task, TaskContext
from shard_runner.cli import write_json

from world2code.arms import METHOD
from world2code.published import write_published
from world2code.settings import W2cSettings

CODES, DIALOGUES, COLUMNS = "codes.json", "rows.json", "published.parquet"
"""Code by image; training rows in LLaVA's form; the evidence under the published names of its columns."""


def export_task(settings: W2cSettings) -> Task:
    """Write code captions, training rows as LLaVA JSON, and the evidence as Parquet with the published columns."""

    def run(ctx: TaskContext) -> None:
        from llava_train import write_llava_json

        scenes = ctx.read_rows("render")
        write_json(ctx.folder / CODES, [{name: row[name] for name in ("id", "image", "code")} for row in scenes])
        rows = ({name: row[name] for name in ("id", "images", "messages")} for row in ctx.read_rows("rows"))
        write_llava_json(rows, ctx.folder / DIALOGUES)
        write_published(lambda: ctx.read_rows("validate"), ctx.folder / COLUMNS, settings.rules(METHOD))

    return Task(name="export", run=run, inputs=("render", "rows", "validate"))
