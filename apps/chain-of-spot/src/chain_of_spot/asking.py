"""`chain-of-spot ask`: one question on one image, in two turns, on any backend."""

from pathlib import Path
from typing import Any

import click

from chain_of_spot.answering import Responder
from chain_of_spot.errors import ChainOfSpotError, InputError
from chain_of_spot.settings import CosSettings
from chain_of_spot.spots import region_picture

PICTURE_PX = 320
"""Height of a picture that is saved."""


def ask_one(settings: CosSettings, image: Path, question: str, *, backend: str, base_url: str | None) -> Any:
    """Ask one question in two turns.

    Returns:
        roi_attention.zoom.Looked: where, crop and answer.

    Raises:
        ChainOfSpotError: the image or a turn failed.
    """
    from llava_train import load_processor
    from roi_attention import ZoomError
    from roi_attention.zoom import ask

    model = settings.needed("model", "a folder or Hub id of a model that learned the dialogue")
    if backend == "server" and "auto" in (settings.frame, settings.form):
        raise InputError("a server does not tell how its model sees pictures: give --frame and --form.")
    zoom = settings.zoom(None if backend == "server" else load_processor(model))
    responder = Responder.load(model, settings, backend=backend, base_url=base_url)
    try:
        with responder.keeping():
            return ask(responder, image, question, settings=zoom)
    except ZoomError as error:
        raise ChainOfSpotError(str(error)) from error


@click.command("ask")
@click.argument("image", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("question")
@click.option("--model", required=True, help="Folder or Hub id; `RUN/train/model` after a run; `tiny` is the world's.")
@click.option("--backend", type=click.Choice(["hf", "vllm", "server"]), default="hf", show_default=True)
@click.option("--base-url", help="Address of an OpenAI-compatible server, as http://127.0.0.1:8000/v1.")
@click.option(
    "--run", "run_dir", type=click.Path(path_type=Path, exists=True), help="Take wording and form of this run."
)
@click.option("--frame", type=click.Choice(["auto", "padded", "whole"]), default=None, help="How pictures are shown.")
@click.option("--form", type=click.Choice(["auto", "llava", "qwen"]), default=None, help="How boxes are written.")
@click.option("--picture", type=click.Path(path_type=Path), help="Save image, region and crop here, as PNG.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def ask_command(
    image: Path,
    question: str,
    model: str,
    backend: str,
    base_url: str | None,
    run_dir: Path | None,
    frame: str | None,
    form: str | None,
    picture: Path | None,
) -> None:
    """Ask QUESTION about IMAGE in two turns: where to look, then the answer."""
    from box_space import open_image

    given = {"model": model, "frame": frame, "form": form}
    values = _wording_of(run_dir) | {name: value for name, value in given.items() if value}
    settings = CosSettings.model_validate(values)
    looked = ask_one(settings, image, question, backend=backend, base_url=base_url)
    box = ", ".join(f"{value:.0f}" for value in looked.box.xyxy)
    click.echo(f"where:  {looked.where_text}  ({looked.where.verdict}; pixels {box})\nanswer: {looked.answer}")
    if picture is not None:
        shown = region_picture(open_image(image), looked.box, [looked.crop], height_px=PICTURE_PX)
        shown.save(picture, format="PNG")
        click.echo(f"picture: {picture}")


def _wording_of(run_dir: Path | None) -> dict[str, Any]:
    """The settings of a run that dialogues depend on."""
    import json

    from chain_of_spot.settings import ZOOM

    if run_dir is None:
        return {}
    try:
        settings = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))["settings"]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise InputError(f"{run_dir} holds no run: {' '.join(str(error).split())}") from error
    return {name: settings[name] for name in ZOOM}
