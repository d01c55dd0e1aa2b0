"""Pairs that other things make on the way: `svco prepare occlusion`, `world` and `mirror`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import click
from shard_runner import read_rows
from svco_loss.pairs import CheckedPairs, ImagePair, RefusedPair, mirror_pairs, occlusion_pairs, read_mvc, told_apart

from svco.errors import InputError, SettingsError
from svco.preparing.claims import claim
from svco.preparing.options import FILE, FOLDER, debug_option, out_file, out_folder, seed_option
from svco.preparing.places import with_located_images


@click.command("occlusion", short_help="Pairs from a run of `cvc`: one thing hidden.")
@click.argument("run_dir", metavar="CVC_RUN", type=FOLDER)
@click.option("--images", type=FOLDER, help="Folder of the run's images. [default: what the run says]")
@seed_option
@out_file
@debug_option
def occlusion_command(run_dir: Path, images: Path | None, seed: int, out: Path) -> None:
    """Pairs from a run of `cvc`: the whole picture, and the one in which gray blocks hide a thing.

    CVC_RUN is the run folder, finished up to its step `question`; no sampling and no training is needed. Each of its
    questions becomes a pair: of the whole picture the text names the thing, of the other it says what hides the place.

    \b
      cvc question --images photos --captions captions.json --annotations instances.json --out cvc-run
      svco prepare occlusion cvc-run --out mvc.json
    """
    claimed = claim("occlusion", out)
    made = occlusion_pairs(read_rows(run_dir, "question"), seed=seed)
    located = with_located_images(made.pairs, images or _run_images(run_dir), run_dir)
    claimed.write_pairs(CheckedPairs(located.pairs, (*made.refused, *located.refused)))


def _run_images(run_dir: Path) -> Path:
    """The folder of images that a run was made with."""
    try:
        settings: Any = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))["settings"]
        folder = Path(settings["images"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{run_dir / 'run.json'} does not say where the images are; give --images.") from error
    if not folder.is_dir():
        raise InputError(f"The images of the run were in {folder}, which is no folder here; give --images.")
    return folder


@click.command("world", short_help="Pairs of the drawn world; needs no data.")
@click.option("--pairs", "count", type=click.IntRange(min=1), required=True, metavar="N", help="Number of pairs.")
@click.option("--split", default="train", show_default=True, help="Which scenes; `heldout` is for evaluation.")
@click.option("--changes", multiple=True, help="What differs, in turn; by default all that fits. [repeatable]")
@click.option(
    "--statements/--questions",
    default=False,
    show_default="questions",
    help="Texts are sentences after `Describe the image.`, or short answers to a question.",
)
@seed_option
@out_folder
@debug_option
def world_command(count: int, split: str, changes: tuple[str, ...], statements: bool, seed: int, out: Path) -> None:
    """Pairs of the embedded drawn world: two scenes that differ in one thing. No data and no download is needed.

    Changes: kind, color, place, presence, count, relation, near, beside; with --statements background too.

    \b
      svco prepare world --pairs 500 --changes color --changes count --out world
      svco run --data world/mvc.json --model tiny --out run
    """
    from scene_world import ASKED_CHANGES, CHANGES, SceneWorldError, pair_rows

    claimed = claim("world", out / "mvc.json")
    chosen = changes or (CHANGES if statements else ASKED_CHANGES)
    rows = pair_rows(count, out / "images", split=split, seed=seed, changes=chosen, statements=statements)
    names = ("question", "image_a", "image_b", "text_x", "text_y", "category")
    try:
        pairs = [ImagePair(**{name: row[name] for name in names}, row=place) for place, row in enumerate(rows)]
    except SceneWorldError as error:
        raise SettingsError(f"--changes: {error}") from error
    claimed.write_pairs(CheckedPairs(tuple(pairs), ()))


@click.command("mirror", short_help="Pairs of images and their mirror images: left and right.")
@click.argument("rows", metavar="MVC_OR_CAPTIONS", type=FILE)
@click.option("--images", type=FOLDER, help="Folder of the images. [default: that of MVC_OR_CAPTIONS]")
@click.option(
    "--out-images",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the mirrored images, PNG. [default: `mirrored` beside --out]",
)
@click.option(
    "--question",
    default="What is where in this picture?",
    show_default=True,
    help="Of rows that have none.",
)
@out_file
@debug_option
def mirror_command(rows: Path, images: Path | None, out_images: Path | None, question: str, out: Path) -> None:
    """Pairs of an image and its mirror image: in the text, left and right change places.

    MVC_OR_CAPTIONS is a JSON list of {image, text} or {image, question, text}, or MVC JSON, of which the first image
    and text of each row count:

    \b
      [{"image": "a.jpg", "question": "Where is the dog?", "text": "The dog is left of the sofa."}]

    \b
      svco prepare mirror captions.json --images photos --out mvc.json

    Texts that name no side, or in which left and right may mean something else, are refused. Writing in a picture is
    not noticed, and is mirrored too.
    """
    claimed = claim("mirror", out, source=rows)
    read = _single_images(rows, question)
    located = with_located_images(read.pairs, images or rows.parent)
    made = mirror_pairs(located.pairs, out_images or out.parent / "mirrored")
    claimed.write_pairs(CheckedPairs(made.pairs, (*read.refused, *located.refused, *made.refused)))


def _single_images(path: Path, question: str) -> CheckedPairs:
    """Pairs without a second side."""
    try:
        rows: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(rows, list) or not rows:
        raise InputError(
            f"{path} must hold a list of rows; got {'an empty one' if rows == [] else type(rows).__name__}."
        )
    if any(isinstance(row, Mapping) and "chosen_images" in row for row in cast("list[Any]", rows)):
        found = read_mvc(path)
        return replace(found, pairs=tuple(replace(pair, image_b="", text_y="") for pair in found.pairs))
    return told_apart(_captioned(row, place, question) for place, row in enumerate(cast("list[Any]", rows)))


def _captioned(row: object, place: int, question: str) -> ImagePair | RefusedPair:
    fields = cast("Mapping[str, Any]", row) if isinstance(row, Mapping) else {}
    values: dict[str, Any] = {"question": question, **fields}
    for name in ("image", "text", "question"):
        value = values.get(name)
        if not isinstance(value, str) or not value.strip():
            return RefusedPair(place, "malformed", f"{name} must be text; got {ascii(value)[:60]}")
    return ImagePair(values["question"], values["image"], "", values["text"], "", row=place)
