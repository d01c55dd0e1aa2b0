"""What several commands take: the run folder, and --debug."""

from pathlib import Path

import click

RUN = click.argument("run_dir", metavar="RUN", type=click.Path(path_type=Path, file_okay=False))
DEBUG = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
