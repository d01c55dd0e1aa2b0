"""Pairs from published data: `svco prepare countercurate` and `finecops`."""

from dataclasses import fields
from pathlib import Path

import click
from svco_loss.pairs import (
    FineCopsFields,
    read_countercurate,
    read_finecops,
)

from svco.errors import SettingsError
from svco.preparing.claims import claim
from svco.preparing.options import FILE, FOLDER, debug_option, out_file

CATEGORIES = ("left_right", "up_down", "counting", "noun", "adjective", "reverse")
"""Changes of CounterCurate; the first three are those that S-VCO was trained on."""


@click.command("countercurate", short_help="Pairs from CounterCurate's Flickr30k counterfactuals.")
@click.argument("folder", type=FOLDER)
@click.option("--flickr", type=FOLDER, required=True, metavar="IMAGES", help="Images of Flickr30k, NUMBER.jpg.")
@click.option(
    "--category",
    "categories",
    type=click.Choice(CATEGORIES),
    multiple=True,
    default=CATEGORIES[:3],
    show_default=True,
    help="Changes to read. [repeatable]",
)
@click.option(
    "--mirrors",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write mirrored photographs to where the release has none; else left_right is refused there.",
)
@out_file
@debug_option
def countercurate_command(
    folder: Path, flickr: Path, categories: tuple[str, ...], mirrors: Path | None, out: Path
) -> None:
    """Pairs from the Flickr30k counterfactuals of CounterCurate (arXiv 2402.13254).

    FOLDER is `train_data` of the release, unpacked; photographs come from Flickr30k, which the release leaves out:

    \b
      train_data/left_right.json  up_down.json  counting.json
          {"1000092795": [{"image_id": 0, "pos": "a man above a bush", "neg": "a man below a bush"}]}
      train_data/up_down/neg/1000092795_0.png
      flickr30k-images/1000092795.jpg

    \b
      svco prepare countercurate train_data --flickr flickr30k-images --mirrors mirrors --out mvc.json
    """
    claimed = claim("countercurate", out)
    claimed.write_pairs(read_countercurate(folder, flickr, categories=categories, mirrors=mirrors))


@click.command("finecops", short_help="Pairs from the edited images of FineCops-Ref.")
@click.argument("annotations", type=FILE)
@click.option("--images", type=FOLDER, required=True, metavar="GQA", help="Images of GQA, NUMBER.jpg.")
@click.option("--negatives", type=FOLDER, required=True, help="Edited images, as neg_images.tgz unpacks.")
@click.option(
    "--drop",
    multiple=True,
    default=("order",),
    show_default=True,
    help="Changes to leave out; the paper leaves out `order`. [repeatable]",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="FIELD=KEY",
    help="Another name of a key of the rows, such as kind=negative_kind. [repeatable]",
)
@out_file
@debug_option
def finecops_command(
    annotations: Path, images: Path, negatives: Path, drop: tuple[str, ...], keys: tuple[str, ...], out: Path
) -> None:
    """Pairs from the edited images of FineCops-Ref (arXiv 2409.14750).

    ANNOTATIONS holds positives and negatives in one object, or as COCO; a row with an edited image becomes a pair with
    its positive:

    \b
      {"7": {"image_id": "2370370", "expression": "The dog left of the sofa.", "tuple": [...]},
       "9": {"image_id": "neg_12", "expression": "The cat left of the sofa.", "tuple": [...],
             "positive_id": 7, "negative_cate": "image", "negative_type": "object"}}
      gqa/2370370.jpg  neg_images/neg_12.jpg

    \b
      svco prepare finecops expression_all_train_set.json \\
          --images gqa --negatives neg_images --out mvc.json

    Look at a few pairs before training: the release does not say which expression stands in a row with an edited image.
    """
    claimed = claim("finecops", out, source=annotations)
    claimed.write_pairs(read_finecops(annotations, images, negatives, dropped=drop, fields=_named_fields(keys)))


def _named_fields(keys: tuple[str, ...]) -> FineCopsFields:
    known = [field.name for field in fields(FineCopsFields)]
    named: dict[str, str] = {}
    for given in keys:
        name, _, key = given.partition("=")
        if name not in known or not key:
            raise SettingsError(f"--key must be FIELD=KEY with a FIELD of {', '.join(known)}; got {given!r}.")
        named[name] = key
    return FineCopsFields(**named)
