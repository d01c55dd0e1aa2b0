"""The folder of one training: what it was started with, its checkpoints, its result."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import Image

from llava_train.digests import model_digest
from llava_train.errors import FolderError
from llava_train.trainer_settings import TrainerSettings
from llava_train.whole_files import write_whole

_WITHOUT_EFFECT = ("save_every", "cache_mb", "report_to", "workers")  # settings that may change between restarts
_COMPLETE = "complete.json"


class RunFolder:
    """One training's folder.

    `run.json` says what is trained, `checkpoints/` holds the state to continue from, `model/` and `adapter/` hold the
    weights, `history.json` the losses, `refused.json` the rows left out; `result.json` is written last.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.model = folder / "model"
        self.adapter = folder / "adapter"

    def claim(self, settings: TrainerSettings, rows: Sequence[Mapping[str, Any]], *, package: str) -> None:
        """Write what is trained, or make sure that the folder was started with just that.

        Args:
            settings: of the training.
            rows: what it learns from, as plain values or PIL images.
            package: distribution that trains, for the record of versions.

        Raises:
            FolderError: it was started with other settings, rows or weights.
        """
        identity = run_identity(settings, rows)
        earlier = self.read("run.json")
        if earlier is None:
            self.write("run.json", identity | {"versions": _versions(package)})
            return
        changed = _changed(earlier, identity)
        if changed:
            raise FolderError(f"{self.folder} holds another training ({', '.join(changed)} differ); use a new folder.")

    def write(self, name: str, value: Any) -> None:
        """Write JSON, whole or not at all."""
        write_whole(self.folder / name, json.dumps(value, ensure_ascii=True, indent=1) + "\n")

    def read(self, name: str) -> Any | None:
        """Read JSON; None where there is none."""
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end; torn ones are removed."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        whole = [path for path in found if (path / _COMPLETE).exists()]
        for torn in set(found) - set(whole):
            shutil.rmtree(torn)
        return whole[-1] if whole else None

    def drop_checkpoints(self) -> None:
        """Remove all checkpoints."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)


def mark_complete(checkpoint: Path) -> None:
    """Say that everything of a checkpoint has been written."""
    (checkpoint / _COMPLETE).write_text("{}\n", encoding="utf-8")


def require_processes(checkpoint: Path, processes: int) -> None:
    """Make sure that a checkpoint is of as many processes, which decide what rows a step has.

    Raises:
        FolderError: it is not.
    """
    written = len(list(checkpoint.glob("rng_state*.pth")))  # transformers keeps one of each process
    if written != processes:
        raise FolderError(
            f"{checkpoint} is of {written} processes; got {processes}. Start as many, or use a new folder."
        )


def run_identity(settings: TrainerSettings, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What decides the trained weights: settings, a digest of the rows, and one of the base model."""
    return {"settings": settings.as_dict(), "rows": _rows_digest(rows), "model": model_digest(settings.model)}


def _changed(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    decisive = [key for key in now["settings"] if key not in _WITHOUT_EFFECT]
    settings = [key for key in decisive if earlier["settings"].get(key) != now["settings"][key]]
    return settings + [key for key in ("rows", "model") if earlier[key] != now[key]]


def _rows_digest(rows: Sequence[Mapping[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        text = json.dumps(row, ensure_ascii=True, sort_keys=True, default=_plain)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, Image.Image):
        return f"{value.mode}{value.size}{hashlib.sha256(value.tobytes()).hexdigest()}"
    return str(value)


def _versions(package: str) -> dict[str, str]:
    names = dict.fromkeys((package, "llava-train", "torch", "transformers", "trl", "peft", "accelerate"))
    return {name: metadata.version(name) for name in names}
