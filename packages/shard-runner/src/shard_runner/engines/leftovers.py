"""What a runner that was killed left in an exchange: finished shards, and journals of open ones."""

import json
from pathlib import Path

from shard_runner.disk import read_record, write_whole
from shard_runner.engines.exchange import OTHER_NAMES, Exchange, Parcel, bring_what_is_there, folder_of
from shard_runner.folder import PLAN_RECORD, building_folder
from shard_runner.provenance import same_input

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
        self._run_dir, self._path = run_dir, run_dir / TOKENS_FILE
        earlier = self._path.read_text().split() if self._path.exists() else []
        with self._path.open("a") as file:
            file.write(f"{token}\n")
        self._earlier = [Exchange(folder_of(root, name)) for name in earlier]
        self._all = {name: Exchange(folder_of(root, name)) for name in (*earlier, token)}

    def recover(self, stage: str, building: Path) -> None:
        """Take home what was left of a stage, if it is still to be made in the same way."""
        for exchange in self._earlier:
            if _same_plan(exchange, stage, building):
                for name in exchange.names(stage):
                    if name != PLAN_RECORD:
                        attempt = Parcel(f"{stage}/{name}", has_journal=True)  # what is at home stays
                        bring_what_is_there(exchange, attempt, int(name.partition("-")[0]), building)
            exchange.remove(stage)

    def close(self) -> None:
        """Remove what nobody needs any more, and the note of it.

        What has not come home stays for the next runner: the store broke off, or the stage was not come to this time.
        """
        kept = [name for name, exchange in self._all.items() if self._is_owed(exchange)]
        for name in self._all.keys() - kept:
            self._all[name].remove()
        if kept:
            write_whole(self._path, lambda path: path.write_text("".join(f"{name}\n" for name in kept)))
        else:
            self._path.unlink(missing_ok=True)

    def _is_owed(self, exchange: Exchange) -> bool:
        stages = (name for name in exchange.names("") if name not in OTHER_NAMES)
        return any(_same_plan(exchange, stage, building_folder(self._run_dir, stage)) for stage in stages)


def _same_plan(exchange: Exchange, stage: str, building: Path) -> bool:
    if PLAN_RECORD not in exchange.names(stage):
        return False
    plan = json.loads(exchange.read(f"{stage}/{PLAN_RECORD}"))
    return same_input(plan, read_record(building / PLAN_RECORD) or {})
