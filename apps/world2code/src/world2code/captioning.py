"""Captions of the whole image, of two kinds: the step `captions`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage

from world2code.models import load_asker, model_identity
from world2code.published import captions_of
from world2code.settings import ASKING, W2cSettings
from world2code.sources import open_row_image


def captions_stage(settings: W2cSettings, run_dir: Path) -> Stage:
    """Describe every image; rows gain `size_wh` and `captions`, the detailed ones first."""
    names = (*ASKING, "reuse", "captions", "captions_drawn", "temperature", "top_p", "max_new_tokens")
    return Stage(
        name="captions",
        make=lambda: _Captions(settings, run_dir),
        config=settings.picked(*names) | {"model": model_identity(settings)},
        batch_size=settings.images_per_batch,
    )


class _Captions:
    """Images to captions; an image that cannot be read fails without a call of the model."""

    def __init__(self, settings: W2cSettings, run_dir: Path) -> None:
        self._settings, self._run_dir = settings, run_dir
        self._ask = None if settings.reuse else load_asker(settings.needed_model(), settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError
        from code_caption import ImageAsks

        opened: dict[int, Any] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                image = open_row_image(row, self._settings, self._run_dir)
            except ImageError as error:
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


def _reused(row: Row, size_wh: tuple[int, int]) -> Outcome:
    """Captions that the data has."""
    said = captions_of(row)
    if said:
        return [row | {"size_wh": list(size_wh), "captions": said}]
    pickled = f"; pickled columns are not read: {', '.join(row['pickled'])}" if row["pickled"] else ""
    return Failed("no_caption", f"--reuse needs detail_caption or general_caption as lists of texts{pickled}.")


def _described(row: Row, size_wh: tuple[int, int], replies: list[Any]) -> Outcome:
    said = [asdict(one) | {"kind": kind} for kind, reply in zip(_KINDS, replies, strict=True) for one in reply.texts]
    errors = [reply.error for reply in replies if reply.error]
    if not said:
        return Failed("no_caption", "; ".join(errors)) if errors else Dropped("no_caption", "the model wrote nothing.")
    return [row | {"size_wh": list(size_wh), "captions": said}]


_KINDS = ("detailed", "general")
