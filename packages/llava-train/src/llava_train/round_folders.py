"""Rounds on disk: a folder for each, `RUN/round-1`, `RUN/round-2`, ..., and `RUN/rounds.json` for what they came to."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llava_train.collapse import Collapse
from llava_train.digests import model_digest
from llava_train.errors import FolderError
from llava_train.round_records import Evaluation, RoundRecord, Rounds
from llava_train.whole_files import write_whole

ROUNDS_FILE = "rounds.json"
"""File of a run folder: all rounds so far, the best, and why they ended."""

_START = "start.json"
"""File of a round's folder: which weights it started from."""


def round_folder(run: Path, number: int) -> Path:
    """The folder of a round, counted from 1.

    >>> round_folder(Path("run"), 2).as_posix()
    'run/round-2'
    """
    return run / f"round-{number}"


def open_round_folder(run: Path, number: int, model: str, *, carried: Sequence[str] = ()) -> Path:
    """Make the folder of a later round, or empty it where it was made with other weights, and return it.

    Weights are told apart by `model_digest` and by the `run.json` that `train` leaves beside them: retrained weights
    have the size of the old ones, and of large files only the ends are read.

    Args:
        run: folder of all rounds.
        number: of the round, 2 or more; round 1 starts from the base model, which the run's own settings tell apart.
        model: folder or Hub id that the round starts from.
        carried: folders of round 1 that no model made, such as prepared pictures; a new folder gets those that are
            there, as hard links where the file system has them. Their files must never be written to again.

    Raises:
        FolderError: a folder of that name is there, and no round has made it.
    """
    folder = round_folder(run, number)
    old, made = (folder.with_name(f"{folder.name}.{name}") for name in ("old", "next"))
    for leftover in (old, made):
        shutil.rmtree(leftover, ignore_errors=True)
    start = {"model": model_digest(model), "training": _training(model)}
    if folder.exists():
        if not (folder / _START).is_file():
            raise FolderError(f"{folder} was not made by a run in rounds; remove it, or use another run folder.")
        if json.loads((folder / _START).read_text(encoding="utf-8")) == start:
            return folder
        folder.rename(old)
        shutil.rmtree(old)
    made.mkdir(parents=True)
    for name in carried:
        if (round_folder(run, 1) / name).is_dir():
            shutil.copytree(round_folder(run, 1) / name, made / name, copy_function=_link)
    (made / _START).write_text(json.dumps(start) + "\n", encoding="utf-8")
    made.rename(folder)
    return folder


def save_rounds(found: Rounds, run: Path) -> Path:
    """Write `rounds.json`, whole or not at all: `rounds` (base model first), `best` (a number), `stopped` (a line)."""
    value = {"rounds": [asdict(one) for one in found.records], "best": found.best.number, "stopped": found.stopped}
    write_whole(run / ROUNDS_FILE, json.dumps(value, indent=1) + "\n")
    return run / ROUNDS_FILE


def load_rounds(run: Path) -> Rounds | None:
    """Read `rounds.json`; None where there is none.

    Raises:
        FolderError: the file is torn, or holds no rounds.
    """
    path = run / ROUNDS_FILE
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        base, *later = map(_record, value["rounds"])
        return Rounds((base, *later), value["stopped"])
    except (ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path} holds no rounds ({error}); run the same command again.") from error


def _record(value: dict[str, Any]) -> RoundRecord:
    collapse = value.pop("collapse")
    evaluation = Evaluation(**value.pop("evaluation"))
    return RoundRecord(evaluation=evaluation, collapse=None if collapse is None else Collapse(**collapse), **value)


def _training(model: str) -> str:
    """Digest of what the weights in a folder were trained with and on; empty where nothing says."""
    record = Path(model).parent / "run.json"
    return hashlib.sha256(record.read_bytes()).hexdigest() if Path(model).is_dir() and record.is_file() else ""


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
