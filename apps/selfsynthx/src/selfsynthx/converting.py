"""`selfsynthx convert`: a raw download as a file of labelled rows."""

from pathlib import Path

import click

from selfsynthx.datasets import RAW_SETS, read_raw, refusals_to_text, write_labelled


@click.command(
    "convert", help="Write the rows of a raw download (CUB-200, FGVC-Aircraft, Stanford Dogs, HAM10000...) to a file."
)
@click.option("--dataset", type=click.Choice(list(RAW_SETS)), required=True, help="Which data set it is.")
@click.option(
    "--raw",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder of the download, unpacked as its authors packed it.",
)
@click.option(
    "--granularity",
    type=click.Choice(["variant", "maker_variant", "family", "manufacturer"]),
    default=None,
    help="Labels of fgvc-aircraft. [default: variant]",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File: .parquet, .json or .csv."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
def convert_command(dataset: str, raw: Path, granularity: str | None, out: Path) -> None:
    """Convert, and say how to use the result."""
    options = {} if granularity is None else {"granularity": granularity}
    found = read_raw(dataset, raw, **options)
    write_labelled(found, out)
    counts = ", ".join(f"{split} {count}" for split, count in found.counts().items())
    click.echo(f"{len(found.rows)} rows, {len(found.labels)} labels ({counts})")
    if found.refused:
        click.echo(refusals_to_text(found))
    click.echo(f"use: selfsynthx run --dataset {dataset} --data {out} --images {found.root}")
