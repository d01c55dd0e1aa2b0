"""What a runner that was killed left in an exchange: finished shards, and journals of open ones."""

import json
from contextlib import suppress
from pathlib import Path

from shard_runner.disk import read_json
from shard_runner.engines.exchange import Exchange, Parcel, bring_journal, bring_part, folder_of
from shard_runner.folder import PLAN_RECORD, is_closed

TOKENS_FILE = ".exchange"
"""In the run folder while runners use an exchange: the token of each, so that the next one finds what it left."""


class Leftovers:
    """Finds and takes home what earlier runners of a run folder left; the exchange must be the same one."""

    def __init__(self, root: str, run_dir: Path, token: str) -> None:
        """Note that a runner has begun.

        Args:
            root: URI of the exchange.
            run_dir: The run folder.
            token: Of the runner that begins.
        """
        self._path = run_dir / TOKENS_FILE
        earlier = self._path.read_text().split() if self._path.exists() else []
        with self._path.open("a") as file:
            file.write(f"{token}\n")
        self._exchanges = [Exchange(folder_of(root, name)) for name in earlier]

    def recover(self, stage: str, building: Path) -> None:
        """Take home what was left of a stage, if it is still to be made in the same way."""
        for exchange in self._exchanges:
            if _same_plan(exchange, stage, building):
                for name in exchange.names(stage):
                    _recover_attempt(exchange, f"{stage}/{name}", building)
            exchange.remove(stage)

    def close(self) -> None:
        """Remove all that was left, and the note of it."""
        for exchange in self._exchanges:
            exchange.remove()
        self._path.unlink(missing_ok=True)


def _same_plan(exchange: Exchange, stage: str, building: Path) -> bool:
    if PLAN_RECORD not in exchange.names(stage):
        return False
    plans = [json.loads(exchange.read(f"{stage}/{PLAN_RECORD}")), read_json(building / PLAN_RECORD) or {}]
    for plan in plans:
        plan.pop("rows_in", None)  # not known from the beginning
    return plans[0] == plans[1]


def _recover_attempt(exchange: Exchange, folder: str, building: Path) -> None:
    parcel = Parcel(folder, has_journal=True)  # what is at home stays
    with suppress(ValueError):  # the record of the plan, which is no attempt's folder
        index = int(folder.rpartition("/")[2].partition("-")[0])
        if is_closed(building, index):
            return
        if parcel.is_finished(exchange):
            bring_part(exchange, parcel, index, building)
        else:
            bring_journal(exchange, parcel, index, building)
