"""Pairs from a Hugging Face data set: `svco prepare dataset`."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from svco_loss.pairs import CheckedPairs, ImagePair, RefusedPair, dataset_to_pairs, told_apart

from svco.errors import InputError
from svco.preparing.claims import claim
from svco.preparing.options import debug_option, out_folder


@click.command("dataset", short_help="Pairs from a Hugging Face data set, on disk or on the Hub.")
@click.argument("source", metavar="HUB_ID_OR_FOLDER")
@click.option("--split", default="train", show_default=True, help="Split to read.")
@out_folder
@debug_option
def dataset_command(source: str, split: str, out: Path) -> None:
    """Pairs from a Hugging Face data set with the columns of MVC; its images are written to FOLDER/images.

    A folder that is there is read from disk (saved by `save_to_disk`, or with Parquet or JSON files), as is a single
    such file; everything else is a name on the Hub. Columns, of which the last two may be missing:

    \b
      instruction_prompt, chosen_response, rejected_response    text
      chosen_images, rejected_images                            one image each, in a list or not
      system_prompt, category                                   text

    \b
      svco prepare dataset SOMEBODY/pairs --split train --out pairs
      svco run --data pairs/mvc.json --model MODEL --out run
    """
    claimed = claim("dataset", out / "mvc.json")
    images = out / "images"
    found = dataset_to_pairs(_open_dataset(source, split), images)
    claimed.write_pairs(_placed(found, images, is_own=Path(source).exists()))


def _open_dataset(source: str, split: str) -> Any:
    from datasets import DatasetDict, load_dataset, load_from_disk

    path = Path(source)
    if not path.exists() and source.startswith(("/", ".", "~")):
        raise InputError(f"{source} is not there; give a folder, a Parquet or JSON file, or a name on the Hub.")
    try:
        if path.is_file():
            kind = "parquet" if path.suffix == ".parquet" else "json"
            return load_dataset(kind, data_files=source, split="train")
        if not ((path / "state.json").is_file() or (path / "dataset_dict.json").is_file()):
            return load_dataset(source, split=split)
        found = load_from_disk(source)
    except Exception as error:  # missing, unknown split, no network, broken Parquet: nearly any kind
        raise InputError(f"The data set {source} cannot be read: {' '.join(str(error).split())[:300]}") from error
    if isinstance(found, DatasetDict):
        if split not in found:
            raise InputError(f"The data set {source} has no split {split!r}; it has {', '.join(map(str, found))}.")
        return found[split]
    return found


def _placed(found: CheckedPairs, images: Path, *, is_own: bool) -> CheckedPairs:
    """Paths from the working folder; what a stranger's data set names outside the images it brought is refused."""

    def placed(pair: ImagePair) -> ImagePair | RefusedPair:
        foreign = [path for path in (pair.image_a, pair.image_b) if os.path.isabs(path)]
        if foreign and not is_own:
            return RefusedPair(pair.row, "outside_root", f"names a file of this machine: {foreign[0]!r}")
        return replace(pair, image_a=str(images / pair.image_a), image_b=str(images / pair.image_b))

    checked = told_apart(placed(pair) for pair in found.pairs)
    return CheckedPairs(checked.pairs, (*found.refused, *checked.refused))
