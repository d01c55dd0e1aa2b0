"""Parts, ledgers and journals on their way between the run folder and actors that can't see it."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shard_runner.disk import write_whole
from shard_runner.folder import PLAN_RECORD, building_folder, is_closed, journal_path, part_path, stage_folder
from shard_runner.journal import read_journal
from shard_runner.ledger import ledger_path
from shard_runner.processing import Order
from shard_runner.remote_drafts import make_parent
from shard_runner.remote_files import RemoteFile, open_remote, remote_file
from shard_runner.shard import Shard
from shard_runner.streams import CHUNK_BYTES
from shard_runner.uris import is_uri


@dataclass(frozen=True)
class Exchange:
    """A folder that the runner and all actors reach, by URI; names in it are relative.

    Keys and endpoints come from the environment of each machine. What a store says when it fails is passed on without
    keys, as a TableError that names the file.
    """

    uri: str
    """Or the absolute path of a folder."""

    def _file(self, name: str) -> RemoteFile:
        return remote_file(f"{self.uri}/{name}")

    def put(self, name: str, data: bytes) -> None:
        """Write a small file."""
        file = self._file(name)
        with file.errors("written"):
            make_parent(file)
            file.system.pipe_file(file.path, data)

    def put_file(self, name: str, path: Path) -> None:
        """Copy a file there."""
        file = self._file(name)
        with file.errors("written"):
            make_parent(file)
            file.system.put_file(str(path), file.path)

    def read(self, name: str) -> bytes:
        """Return the bytes of a small file."""
        file = self._file(name)
        with file.errors("read"):
            return file.system.cat_file(file.path)

    def fetch_file(self, name: str, path: Path) -> None:
        """Copy a file here, whole or not at all; a disk that is full here is no fault of the store's."""
        file = self._file(name)

        def write(temporary: Path) -> None:
            with open_remote(file) as source, temporary.open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK_BYTES)

        write_whole(path, write)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a folder, sorted; none where there is no such folder."""
        file = self._file(folder)
        with file.errors("read"):
            file.system.invalidate_cache()
            try:
                found: list[str] = file.system.ls(file.path, detail=False)
            except FileNotFoundError:
                return []
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def remove(self, folder: str = "") -> None:
        """Remove a folder with all that is in it, where there is one."""
        file = self._file(folder)
        with file.errors("removed"):
            file.system.invalidate_cache()
            with suppress(FileNotFoundError):
                file.system.rm(file.path.rstrip("/"), recursive=True)


def folder_of(root: str, token: str) -> str:
    """Return the URI of a runner's own folder in an exchange, which may be given as a path."""
    uri = root if is_uri(root) else str(Path(root).absolute())
    return f"{uri.rstrip('/')}/shard-runner-{token}"


@dataclass(frozen=True)
class Parcel:
    """One attempt at a shard, and where its files lie in the exchange: another attempt has a folder of its own."""

    folder: str
    has_journal: bool
    """Whether earlier attempts found something out."""

    @property
    def base_journal(self) -> str:
        """Name of the journal as earlier attempts left it."""
        return f"{self.folder}/base.jsonl"

    @property
    def part(self) -> str:
        """Name of the finished part."""
        return f"{self.folder}/part.parquet"

    @property
    def ledger(self) -> str:
        """Name of the finished ledger."""
        return f"{self.folder}/ledger.parquet"

    @property
    def finished(self) -> str:
        """Name of the mark that part and ledger are whole."""
        return f"{self.folder}/finished"

    def is_finished(self, exchange: Exchange) -> bool:
        """Tell whether part and ledger are there, and whole."""
        return "finished" in exchange.names(self.folder)

    def journal_piece(self, number: int) -> str:
        """Name of the n-th piece of what this attempt added to the journal."""
        return f"{self.folder}/journal-{number:06d}.jsonl"


TOKEN_NAME = "token.txt"
"""Tells an actor that it reaches the runner's exchange, not a folder of the same name on its own machine."""

PUT_EVERY_S = 15.0
"""An actor puts the journal of an open shard into the exchange so often, at most; a lost node costs what came since."""

_INPUTS = "input.parts"  # no stage's name: those hold no dot

OTHER_NAMES = frozenset({TOKEN_NAME, _INPUTS})
"""What lies in an engine's folder besides folders of stages."""

InputPart = tuple[str, int]
"""Step, and index of a part of it."""


def input_parts(shard: Shard) -> list[InputPart]:
    """Return the parts that a shard's rows lie in."""
    return sorted({(piece.step, piece.part) for piece in shard.slices})


def input_names(part: InputPart) -> tuple[str, str]:
    """Return the names of an input part and of its ledger in the exchange."""
    step, index = part
    return f"{_INPUTS}/{step}/part-{index:05d}.parquet", f"{_INPUTS}/{step}/ledger-{index:05d}.parquet"


class Courier:
    """The runner's side of an exchange: it alone reads and writes the run folder.

    Each engine works in a folder of its own, and each attempt at a shard in a folder of its own below: an actor that
    was thought dead, or belongs to a runner that was killed, writes where nobody reads.
    """

    def __init__(self, exchange: str, run_dir: Path, token: str) -> None:
        self.uri = folder_of(exchange, token)
        """Of this engine's folder."""
        self._run_dir, self._exchange, self._attempts = run_dir, Exchange(self.uri), 0
        self._inputs: dict[InputPart, set[str]] = {}
        self._exchange.put(TOKEN_NAME, token.encode())

    def open(self, stage: str, building: Path) -> None:
        """Note how a stage is made."""
        self._exchange.put_file(f"{stage}/{PLAN_RECORD}", building / PLAN_RECORD)

    def send(self, stage: str, order: Order, building: Path) -> Parcel:
        """Put there what an attempt at a shard needs: inputs, unless they are there, and the journal."""
        for part in input_parts(order.shard):
            if part not in self._inputs:
                self._send_input(part)
            self._inputs.setdefault(part, set()).add(stage)
        self._attempts += 1
        journal = journal_path(building, order.shard.index)
        parcel = Parcel(f"{stage}/{order.shard.index:05d}-{self._attempts:06d}", journal.exists())
        if parcel.has_journal:
            self._exchange.put(parcel.base_journal, read_journal(journal).records)
        return parcel

    def _send_input(self, part: InputPart) -> None:
        step, index = part
        folders = (building_folder(self._run_dir, step), stage_folder(self._run_dir, step))
        folder = next((folder for folder in folders if part_path(folder, index).exists()), folders[-1])
        for name, path in zip(input_names(part), (part_path(folder, index), ledger_path(folder, index)), strict=True):
            self._exchange.put_file(name, path)

    def bring_part(self, parcel: Parcel, index: int, building: Path) -> None:
        """Take a finished shard home."""
        bring_part(self._exchange, parcel, index, building)

    def bring_what_is_there(self, parcel: Parcel, index: int, building: Path) -> None:
        """Take home what an attempt came to that ended somehow."""
        bring_what_is_there(self._exchange, parcel, index, building)

    def forget(self, stage: str) -> None:
        """Remove what only a stage that has no more work needed."""
        for part, stages in list(self._inputs.items()):
            stages.discard(stage)
            if not stages:
                del self._inputs[part]
                for name in input_names(part):
                    self._exchange.remove(name)
        self._exchange.remove(stage)


def bring_what_is_there(exchange: Exchange, parcel: Parcel, index: int, building: Path) -> None:
    """Take home what an attempt came to: its shard if that is finished, though nobody heard of it; else its journal."""
    if is_closed(building, index):
        return  # it is at home, and only the exchange was not cleared
    if parcel.is_finished(exchange):
        bring_part(exchange, parcel, index, building)
    else:
        _bring_journal(exchange, parcel, index, building)


def bring_part(exchange: Exchange, parcel: Parcel, index: int, building: Path) -> None:
    """Take a finished shard home: its part, then its ledger; then its journal is no longer needed."""
    exchange.fetch_file(parcel.part, part_path(building, index))
    ledger_path(building, index).parent.mkdir(exist_ok=True)
    exchange.fetch_file(parcel.ledger, ledger_path(building, index))
    journal_path(building, index).unlink(missing_ok=True)
    exchange.remove(parcel.folder)


def _bring_journal(exchange: Exchange, parcel: Parcel, index: int, building: Path) -> None:
    """Take home what an attempt that did not finish found out; what its journal held before is at home already."""
    names = [name for name in exchange.names(parcel.folder) if name.startswith("journal-")]
    if names:
        path = journal_path(building, index)
        pieces = [read_journal(path).records, *(exchange.read(f"{parcel.folder}/{name}") for name in names)]
        write_whole(path, lambda temporary: temporary.write_bytes(_joined(pieces)))
    exchange.remove(parcel.folder)


def _joined(pieces: Iterable[bytes]) -> bytes:
    """Join pieces of a journal; a torn one, of an actor that died while it wrote, ends its last line there."""
    return b"".join(piece if piece.endswith(b"\n") or not piece else piece + b"\n" for piece in pieces)
