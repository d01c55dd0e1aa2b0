"""Captions of the whole image, of two kinds: the step `captions`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shard_runner import Done, Dropped, Failed, Outcome, Row, Stage

from world2code.models import model_identity, open_book
from world2code.published import CAPTIONS, captions_of, refused_column
from world2code.row_evidence import CALLS, SEQUENCES
from world2code.settings import ASKING, W2cSettings
from world2code.sources import open_row_image


def captions_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Describe every image; rows gain `width`, `height`, `captions`, detailed ones first, and `caption_errors`."""
    names = (*ASKING, "reuse", "captions", "captions_drawn", "temperature", "top_p", "max_new_tokens")
    identity = settings.worded("detailed", "general") | {"model": model_identity(settings)}
    return Stage(
        name="captions",
        make=lambda: _Captions(settings, run_dir),
        config=settings.picked(*names) | identity,
        version="2",
        batch_size=settings.images_per_batch,
    )


class _Captions:
    """Images to captions; an image that cannot be read fails without a call of the model."""

    def __init__(self, settings: W2cSettings, run_dir: Path) -> None:
        self._settings, self._run_dir = settings, run_dir
        self._ask = None if settings.reuse else open_book(settings, run_dir)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError
        from code_caption import ImageAsks, SceneError

        opened: dict[int, Any] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                image = open_row_image(row, self._settings, self._run_dir)
                require_scene(row)
            except (ImageError, SceneError) as error:
                outcomes[number] = Failed(error.reason, str(error))
            else:
                if self._settings.reuse:
                    outcomes[number] = _reused(row, image.size)
                else:
                    opened[number] = image
        asks = self._asks()
        asked = [ImageAsks(rows[number]["id"], image, asks) for number, image in opened.items()]
        for number, replies in zip(opened, self._ask(asked) if self._ask and asked else [], strict=True):
            outcomes[number] = _described(rows[number], opened[number].size, replies)
        return [outcomes[number] for number in range(len(rows))]

    def _asks(self) -> tuple[Any, ...]:
        from code_caption import WHOLE, Ask

        wording, decoding = self._settings.wording(), self._settings.caption_decoding()
        texts = {"detailed": wording.detailed, "general": wording.general}
        return tuple(Ask((kind,), text, WHOLE, decoding) for kind, text in texts.items())


def _sized(size_wh: tuple[int, int]) -> Row:
    """Columns of an image's size."""
    return dict(zip(("width", "height"), size_wh, strict=True))


def _reused(row: Row, size_wh: tuple[int, int]) -> Outcome:
    """Captions that the data has."""
    refused = refused_column(row, CAPTIONS)
    if refused:
        return Failed("pickled", refused)
    said = captions_of(row)
    if said:
        return [row | _sized(size_wh) | {"captions": said, "caption_errors": [], CALLS: 0, SEQUENCES: 0}]
    return Failed("no_caption", "--reuse needs detail_caption or general_caption as lists of texts; the row has none.")


def _described(row: Row, size_wh: tuple[int, int], replies: list[Any]) -> Outcome:
    from code_caption import Cost

    said = [asdict(one) | {"kind": kind} for kind, reply in zip(_KINDS, replies, strict=True) for one in reply.texts]
    errors = [[kind, reply.error] for kind, reply in zip(_KINDS, replies, strict=True) if reply.error]
    said = [one for one in said if one["text"].strip()]
    cost = Cost().with_replies(replies)
    if not said and errors:
        return Failed("no_caption", "; ".join(error for _, error in errors), cost.tokens)
    if not said:
        return Dropped("no_caption", "the model wrote nothing.", cost.tokens)
    made = row | _sized(size_wh) | {"captions": said, "caption_errors": errors}
    return Done([made | {CALLS: cost.calls, SEQUENCES: cost.sequences}], cost.tokens)


def require_scene(row: Row) -> None:
    """Make sure that a true scene is one, before any work is spent on the row.

    Raises:
        code_caption.SceneError: `bad_scene`: the column holds something else.
    """
    from code_caption import CodeCaptionError, SceneError, json_to_scene

    if row["scene"]:
        try:
            json_to_scene(json.loads(row["scene"]))
        except (CodeCaptionError, ValueError, TypeError, KeyError) as error:
            expected = "column `scene` must hold a true scene as code_caption.scene_to_json writes it"
            raise SceneError(
                "bad_scene", f"{expected}; {error}. Rename the column if it means something else."
            ) from error


_KINDS = ("detailed", "general")
