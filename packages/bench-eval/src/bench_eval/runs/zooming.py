"""Asking in two turns: where to look, then the question with a crop (Chain-of-Spot); each turn is saved as it comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Done, Failed, Outcome, Row, Stage

from bench_eval.asking import Decoding, Sampler
from bench_eval.runs.task_records import REGIONS
from bench_eval.stages import response_stage
from bench_eval.whole_files import partial_file

if TYPE_CHECKING:
    from roi_attention.zoom import ZoomSettings

REGION_DECODING = Decoding(max_new_tokens=64)
"""A box is short."""
NOT_ASKED, UNREAD = "not asked", "unread:"
"""How `zoom.verdict` of a row starts that was asked at once, and of one whose region could not be read."""


def zoom_stages(
    make_sampler: Callable[[], Sampler],
    pictures: Path,
    settings: ZoomSettings,
    *,
    model: str,
    batch_size: int = 16,
) -> list[Stage]:
    """Stages `region_questions`, `regions` and `zooms`, whose rows are asked again with a crop as second picture.

    A box that can't be read becomes the whole picture, and `zoom.verdict` says so: count it with the score. Questions
    about no picture or several, and questions of more than one turn, are passed on as they are.

    Args:
        make_sampler: called once per worker.
        pictures: folder for the pictures as shown and for the crops.
        settings: those of the training: how pictures are shown, how boxes are written, and the wording.
        model: what identifies the model.
        batch_size: rows asked at a time.

    Source: Liu et al. 2024, *Chain-of-Spot*, arXiv 2403.12966.
    """
    told = {"settings": repr(settings)}
    return [
        Stage(name="region_questions", make=lambda: _each(_region_question, settings, pictures), config=told),
        response_stage(REGIONS, make_sampler, model=model, decoding=REGION_DECODING, batch_size=batch_size),
        Stage(name="zooms", make=lambda: _each(_zoom, settings, pictures), config=told),
    ]


def _each(
    work: Callable[[Row, ZoomSettings, Path], Row], settings: ZoomSettings, pictures: Path
) -> Callable[[list[Row]], list[Outcome]]:
    from box_space import BoxError, ImageError
    from roi_attention import ZoomError

    def outcome(row: Row) -> Outcome:
        try:
            return Done([work(row, settings, pictures)])
        except (ZoomError, ImageError, BoxError) as error:
            return Failed("no_zoom", str(error))

    return lambda rows: [outcome(row) for row in rows]


def _region_question(row: Row, settings: ZoomSettings, pictures: Path) -> Row:
    from box_space import open_image
    from roi_attention.zoom import shown_picture, where_turn

    question = _only_question(row)
    if question is None:
        return {**row, "zoom": {"question": None}}
    shown = _save(shown_picture(open_image(row["image"]), settings.frame), pictures)
    kept = {"question": question, "image": row["image"], "messages": row["messages"]}
    return {**row, "image": shown, "messages": [where_turn(question, settings.wording)], "zoom": kept}


def _zoom(row: Row, settings: ZoomSettings, pictures: Path) -> Row:
    from box_space import open_image
    from roi_attention.zoom import answer_turn, crop_picture, reply

    zoom, said = row["zoom"], row["trials"][0]["text"]
    without = {name: value for name, value in row.items() if name not in ("trials", "zoom")}
    if zoom["question"] is None:
        return {**without, "zoom": {"verdict": NOT_ASKED, "text": "", "box_xyxy_px": None}}
    image = open_image(zoom["image"])
    where = settings.read(said, image.size)
    crop = _save(crop_picture(image, where.box, settings.frame, shortest_px=settings.shortest_px), pictures)
    turns = [*row["messages"], reply(where.text), answer_turn(zoom["question"], settings.wording)]
    found = {
        "verdict": where.verdict if where.was_read else f"{UNREAD} {where.verdict}",
        "text": said,
        "box_xyxy_px": [float(edge) for edge in where.box.xyxy],
    }
    return {**without, "image": None, "images": [row["image"], crop], "messages": turns, "zoom": found}


def _only_question(row: Row) -> str | None:
    """Text of a row that asks one question about one picture; its ending is part of what is quoted."""
    if len(row["messages"]) != 1 or not row.get("image"):
        return None
    content = row["messages"][0]["content"]
    texts = [part["text"] for part in content if part["type"] == "text"]
    return texts[0] if len(texts) == 1 and len(content) == 2 else None


def _save(picture: Any, folder: Path) -> str:
    import hashlib

    path = folder / f"{hashlib.sha256(picture.tobytes() + repr(picture.size).encode()).hexdigest()[:32]}.png"
    if not path.exists():  # two workers may come to the same picture at once
        with partial_file(path) as partial:
            picture.save(partial)
    return str(path.absolute())
