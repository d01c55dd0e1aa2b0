"""What a run folder holds, to be compared with another's byte for byte."""

import re
from pathlib import Path

TIMES_AND_LOCK = {"seconds.json", ".lock"}  # how long it took, and who ran it
WORKERS_LOCK = ".workers"


def run_files(run_dir: Path, *, had_workers: bool = False) -> dict[str, bytes]:
    """Return the bytes of every file by its path, but for the two that differ between runs of the same work.

    Where worker processes or actors took part, their lock is left out too. `run.json` is without the git revision:
    somebody may commit while a test runs.
    """
    left_out = TIMES_AND_LOCK | {WORKERS_LOCK} if had_workers else TIMES_AND_LOCK
    files = (path for path in run_dir.rglob("*") if path.is_file())
    found = {str(path.relative_to(run_dir)): path.read_bytes() for path in files}
    if "run.json" in found:
        found["run.json"] = re.sub(rb'"git": [^\n]*', b'"git": null', found["run.json"])
    return {name: data for name, data in found.items() if name not in left_out}
