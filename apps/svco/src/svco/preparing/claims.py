"""A file of pairs that a command makes: claimed before the work, written whole, with the refused rows beside it."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import click
from svco_loss.pairs import CheckedPairs, RefusedPair, write_mvc

from svco.errors import InputError, SettingsError
from svco.preparing.places import with_common_folder
from svco.preparing.usable import with_usable_texts


@dataclass(frozen=True)
class Claim:
    """The right of a command to write a file."""

    command: str
    """Name of the subcommand."""
    out: Path
    """What it writes."""

    @property
    def beside(self) -> Path:
        """What became of the other rows, and the digest by which the command knows its own file again."""
        return self.out.with_name(f"{self.out.stem}.refused.json")

    def write_pairs(self, found: CheckedPairs, *, images: Path | None = None, note: str = "", **more: Any) -> None:
        """Write pairs as MVC JSON and the refused rows beside it, and say in one line how many there are.

        Args:
            found: with absolute paths or those of the working folder, unless `images` is given.
            images: folder that the paths are relative to already; None: they are made relative to a common one.
            note: what to say besides.
            more: what to write beside the refused rows.

        Raises:
            InputError: no pair is left.
        """
        usable = with_usable_texts(found)
        self.require_some(usable, **more)
        home = self.out.parent.resolve()
        pairs, folder = (usable.pairs, images.resolve()) if images else with_common_folder(usable.pairs, home)
        write_mvc(pairs, self.out)
        hint = "" if folder == home else f"; with --images {folder}"
        self.finish(f"{len(pairs)} pairs kept", usable.refused, note + hint, **more)

    def require_some(self, usable: CheckedPairs, **more: Any) -> None:
        """Make sure that there is a pair to write; if not, the refused rows alone are written.

        Raises:
            InputError: no pair is left.
        """
        if usable.pairs:
            return
        self._write_beside(usable.refused, more)
        first = f"; first row {usable.refused[0].row}: {usable.refused[0].detail}" if usable.refused else ""
        raise InputError(f"No pair is left: {_counted(usable.refused, self.beside)}{first}.")

    def finish(self, kept: str, refused: Sequence[RefusedPair], note: str = "", **more: Any) -> None:
        """Write what stands beside the file, which is there now, and say how many rows there are."""
        self._write_beside(refused, more)
        click.echo(f"{self.out}: {kept}, {_counted(refused, self.beside)}{note}")

    def _write_beside(self, refused: Sequence[RefusedPair], more: dict[str, Any]) -> None:
        record = {"command": self.command, "sha256": _digest(self.out), "refused": [asdict(one) for one in refused]}
        write_whole(self.beside, json.dumps(record | more, indent=1) + "\n")


def claim(command: str, out: Path, *, source: Path | None = None) -> Claim:
    """Make sure, before the work, that the command may write a file: it is new, or of the same command.

    Raises:
        SettingsError: another wrote it, it was changed since, it is the input, or its folder cannot be written to.
    """
    claimed = Claim(command, out)
    if source is not None and source.resolve() == out.resolve():
        raise SettingsError(f"--out must not be the input; got {out} for both.")
    record = _record(claimed.beside)
    is_own = record.get("command") == command
    for path, is_known in ((out, is_own and record["sha256"] == _digest(out)), (claimed.beside, is_own)):
        if os.path.lexists(path) and not is_known:
            why = f"and is not as `prepare {command}` left it; delete it or choose another --out"
            raise SettingsError(f"{path} is there already, {why}.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"--out {out}: its folder cannot be made: {error.strerror}.") from error
    if not os.access(out.parent, os.W_OK):
        raise SettingsError(f"--out {out}: its folder cannot be written to.")
    return claimed


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def count_text(reasons: Sequence[str]) -> str:
    """Say how often each reason occurs, the most frequent first.

    >>> count_text(["missing", "same_text", "missing"])
    'missing 2, same_text 1'
    """
    return ", ".join(f"{reason} {count}" for reason, count in Counter(reasons).most_common())


def _counted(refused: Sequence[RefusedPair], beside: Path) -> str:
    if not refused:
        return "none refused"
    return f"{len(refused)} refused ({count_text([one.reason for one in refused])}; see {beside.name})"


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _record(path: Path) -> dict[str, Any]:
    """What a command wrote beside its file; empty where there is no such thing."""
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    record = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return record if {"command", "sha256", "refused"} <= record.keys() else {}
