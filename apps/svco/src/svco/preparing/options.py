"""Arguments that several commands of `svco prepare` share."""

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)

out_file = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="MVC JSON to write; refused rows go beside it.",
)
out_folder = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Folder to make: mvc.json and images/.",
)
pairs_file = click.argument("mvc", metavar="MVC", type=FILE)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another result."
)
debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")


def image_folder(help_text: str) -> Any:
    """A folder of images that is by default the one of the file of pairs."""
    return click.option("--images", type=FOLDER, metavar="FOLDER", help=f"{help_text} [default: that of MVC]")
