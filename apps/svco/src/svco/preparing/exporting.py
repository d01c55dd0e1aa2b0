"""Pairs as rows of other trainers: `svco prepare export`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
from svco_loss.pairs import CheckedPairs, ExportedRows, ImagePair, pairs_to_swift, pairs_to_trl

from svco.errors import SettingsError
from svco.preparing.claims import claim, write_whole
from svco.preparing.options import FOLDER, debug_option, pairs_file
from svco.preparing.places import with_located_images
from svco.preparing.usable import read_usable


@click.command("export", short_help="Rows for TRL or ms-swift.")
@pairs_file
@click.option("--to", "target", type=click.Choice(["trl", "swift"]), required=True, help="TRL or ms-swift.")
@click.option(
    "--contrast",
    type=click.Choice(["image", "text"]),
    help="What ms-swift rows set against each other: images of one text, or texts of one image. [default: image]",
)
@click.option(
    "--images",
    type=FOLDER,
    help="Write absolute paths of images in this folder; paths that leave it are refused. [default: paths as they are]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="JSON lines to write; refused rows go beside it.",
)
@debug_option
def export_command(
    mvc: Path, target: str, contrast: Literal["image", "text"] | None, images: Path | None, out: Path
) -> None:
    """Rows for other trainers, two for each pair: each image with its own text, set against the other.

    \b
      trl                      {images, prompt, chosen, rejected}: another text of the same image
      swift                    {messages, images, rejected_images}: another image of the same text
      swift --contrast text    {messages, images, rejected_response}: another text of the same image

    \b
      svco prepare export mvc.json --to trl --images photos --out trl.jsonl
    """
    if contrast and target == "trl":
        raise SettingsError("--contrast belongs to --to swift; TRL has no rejected images.")
    claimed = claim("export", out, source=mvc)
    found = read_usable(mvc)
    placed = with_located_images(found.pairs, images, images)
    made = _exported(placed.pairs, target, contrast or "image")
    bad = {one.row for one in made.refused}
    kept = tuple(pair for pair in placed.pairs if pair.row not in bad)
    refused = sorted([*found.refused, *placed.refused, *made.refused], key=lambda one: one.row)
    claimed.require_some(CheckedPairs(kept, tuple(refused)))
    write_whole(out, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made.rows))
    claimed.finish(f"{len(made.rows)} rows of {len(kept)} pairs kept", refused)


def _exported(pairs: Sequence[ImagePair], target: str, contrast: Literal["image", "text"]) -> ExportedRows:
    return pairs_to_trl(pairs) if target == "trl" else pairs_to_swift(pairs, contrast=contrast)
