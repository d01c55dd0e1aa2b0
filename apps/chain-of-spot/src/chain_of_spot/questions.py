"""The user's LLaVA mix as rows: sources `questions` and `texts`."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shard_runner import Dropped, Row, Source

from chain_of_spot.errors import InputError
from chain_of_spot.settings import CosSettings
from chain_of_spot.true_boxes import BAD_BOXES, boxes_fault, read_true_boxes


def questions_source(settings: CosSettings) -> Source:
    """Read every question of every image.

    Rows `{id, dataset, row_id, index, turn, image, stamp, question, answer, others, boxes, skipped}`: `id` is the
    question's key; `stamp` tells a changed picture; `skipped` says why a row or question cannot be used, and is empty
    for the others.
    """

    def rows() -> Iterator[Row]:
        from box_space import image_stamp
        from roi_attention.zoom import read_mix

        mix = read_mix(read_json_rows(settings.needed("data", "a LLaVA mix")), dataset=settings.dataset_name)
        stamp_of = functools.cache(functools.partial(image_stamp, root=settings.image_root))
        for found in mix.image_rows:
            boxes, fault = _boxes(found.row)
            for question in found.questions:
                yield {
                    "id": question.key,
                    "dataset": question.dataset,
                    "row_id": question.id,
                    "index": question.index,
                    "turn": question.turn,
                    "image": question.image,
                    "stamp": stamp_of(question.image),
                    "question": question.question,
                    "answer": question.answer,
                    "others": [list(pair) for pair in found.others(question)],
                    "boxes": boxes,
                    "skipped": BAD_BOXES if fault else "",
                    "detail": fault,
                }
        for number, skipped in enumerate(mix.skipped):
            row = dict.fromkeys(("dataset", "row_id", "image", "stamp", "question", "answer"), "")
            lists: dict[str, list[Any]] = {"others": [], "boxes": []}
            place = {"index": skipped.index, "turn": -1 if skipped.turn is None else skipped.turn}
            why = {"skipped": skipped.reason, "detail": skipped.detail}
            yield {"id": f"skipped-{number}-row-{skipped.index}", **row, **lists, **place, **why}

    return Source(name="questions", rows=rows, config=settings.picked("dataset"))


def _boxes(row: Mapping[str, Any]) -> tuple[list[list[float]], str]:
    """The true boxes of a row, and what is wrong with them."""
    try:
        return read_true_boxes(row), ""
    except ValueError as error:
        return [], str(error)


def texts_source(settings: CosSettings) -> Source:
    """Read the mix's rows without an image, untouched: rows `{id, conversations}`."""

    def rows() -> Iterator[Row]:
        from roi_attention.zoom import read_mix

        mix = read_mix(read_json_rows(settings.needed("data", "a LLaVA mix")), dataset=settings.dataset_name)
        for number, row in enumerate(mix.text_rows if settings.text_rows else ()):
            turns = [{"from": turn["from"], "value": turn["value"]} for turn in row["conversations"]]
            yield {"id": f"text-{number}", "conversations": turns}

    return Source(name="texts", rows=rows, config=settings.picked("text_rows"))


def open_row_image(row: Row, *, settings: CosSettings) -> Any:
    """The image of a row.

    Raises:
        box_space.ImageError: it is missing, leaves the image folder or cannot be read.
    """
    from box_space import open_image

    return open_image(row["image"], root=settings.image_root)


def question_fault(row: Row, size_wh: tuple[int, int] | None = None) -> Dropped | None:
    """Why a row of `questions` is left out; with the size of its image, also for true boxes beside it."""
    if row["skipped"]:
        return Dropped(row["skipped"], row["detail"])
    fault = "" if size_wh is None else boxes_fault(row, size_wh)
    return Dropped(BAD_BOXES, fault) if fault else None


def row_to_question(row: Row) -> Any:
    """The question of a row as `roi_attention.zoom.ZoomQuestion`."""
    from roi_attention.zoom import ZoomQuestion

    names = ("dataset", "image", "question", "answer", "turn", "index")
    return ZoomQuestion(key=row["id"], id=row["row_id"], **{name: row[name] for name in names})


def read_json_rows(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a JSON list or of a JSONL file.

    Raises:
        InputError: the file is missing, torn, or holds no rows.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text) if text.lstrip().startswith("[") else _read_lines(text)
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not valid JSON: {' '.join(str(error).split())}.") from error
    if not found:
        raise InputError(f"{path.name} holds no rows.")
    return found


def _read_lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]
