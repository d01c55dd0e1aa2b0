"""Every reply of the model, kept in the run folder: what was kept is never asked again; a kill loses one round."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from world2code.errors import InputError

if TYPE_CHECKING:
    from code_caption import Ask, AskModel, ImageAsks, Reply
    from PIL import Image

BOOK = "answers.sqlite"
"""File of the run folder."""


class AnswerBook:
    """A model that looks up what it said before; keeps `code_caption.AskModel`.

    With another threshold the questions are gone through again, and the model is asked, and opened, only for those that
    are new. Replies that are errors are not kept. A reply goes by model, image id, pixels, question, view and decoding.
    Looked up, it still tells what it took when it was made: a row's cost does not depend on where a run was killed.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], load: "Callable[[], AskModel]") -> None:
        """Take a file.

        Args:
            path: of the file; made where it is missing.
            identity: plain values that every reply depends on, such as the model's weights.
            load: opens the model, once it is needed.

        Raises:
            InputError: the file is no such book.
        """
        try:
            with closing(sqlite3.connect(path)) as book:
                book.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply TEXT)")
        except sqlite3.DatabaseError as error:
            again = "delete it, and what it held is asked again"
            raise InputError(f"{path.name} in the run folder can't be read ({error}): {again}.") from error
        self._path, self._identity, self._load = path, json.dumps(identity, sort_keys=True), load

    def __call__(self, images: "Sequence[ImageAsks]") -> "list[list[Reply]]":
        """Return a reply for each question of each image, in order."""
        keys = [self._keys(one) for one in images]
        with closing(sqlite3.connect(self._path)) as book:
            known = _read(book, [key for of_image in keys for key in of_image])
            new = [[k for k, key in enumerate(of_image) if key not in known] for of_image in keys]
            asked = [
                (i, replace(images[i], asks=tuple(images[i].asks[k] for k in ks))) for i, ks in enumerate(new) if ks
            ]
            replies = self._load()([one for _, one in asked]) if asked else []
            made = {
                keys[i][k]: reply
                for (i, _), of_image in zip(asked, replies, strict=True)
                for k, reply in zip(new[i], of_image, strict=True)
            }
            _write(book, made)
        return [[made.get(key) or known[key] for key in of_image] for of_image in keys]

    def _keys(self, one: "ImageAsks") -> list[bytes]:
        shared = f"{self._identity}\n{json.dumps(one.image_id)}\n{_pixels(one.image)}\n"
        return [hashlib.blake2b(f"{shared}{_text(ask)}".encode(), digest_size=16).digest() for ask in one.asks]


def _pixels(image: "Image.Image") -> str:
    return f"{image.size} {hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()}"


def _text(ask: "Ask") -> str:
    decoding = None if ask.decoding is None else asdict(ask.decoding)
    return json.dumps([ask.about, ask.text, ask.view.kind, ask.view.box_xyxy_px, decoding])


def _read(book: sqlite3.Connection, keys: Sequence[bytes]) -> "dict[bytes, Reply]":
    found: dict[bytes, Reply] = {}
    for key in keys:
        row = book.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        if row is not None:
            found[key] = _to_reply(json.loads(row[0]))
    return found


def _write(book: sqlite3.Connection, replies: "Mapping[bytes, Reply]") -> None:
    kept = [(key, json.dumps(asdict(reply))) for key, reply in replies.items() if not reply.error]
    with book:
        book.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?)", kept)


def _to_reply(values: dict[str, Any]) -> "Reply":
    from code_caption import Reply, Said

    texts = tuple(Said(**said) for said in values["texts"])
    tokens = values.get("tokens", 0)  # books of earlier versions do not tell
    return Reply(p_yes=values["p_yes"], texts=texts, sequences=values["sequences"], tokens=tokens)
