"""Which of this machine's GPUs each worker process sees."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from itertools import takewhile

from shard_runner.errors import WorkerError

Holdings = Mapping[str, Mapping[str, float]]
"""How much of each GPU a stage has, 0 to 1, by the name of the stage and that of the GPU."""

_ROUNDING = 1e-9


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them; none without the driver."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",")]
        return [name for name in takewhile(lambda name: name != "-1", names) if name]  # CUDA reads no further
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True
    )
    return listed.stdout.split() if listed.returncode == 0 else []


class GpuPool:
    """The GPUs of this machine, and what stages at work have of them."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, float]] = {}

    def take(self, stage: str, workers: int, each: float) -> list[str | None]:
        """Return the value of `CUDA_VISIBLE_DEVICES` for each worker of a stage, as `share_gpus` does.

        Raises:
            WorkerError: too few are free; the message names the stages that have the others.
        """
        gpus = visible_gpus() if each else []
        try:
            shares = share_gpus(gpus, workers, each, self._held)
        except WorkerError as error:
            raise WorkerError(f"stage {stage!r}: {error}") from None
        names = [name for share in shares if share is not None for name in share.split(",")]
        if names:
            self._held[stage] = {name: names.count(name) * min(each, 1) for name in names}
        return shares

    def give_back(self, stage: str) -> None:
        """Take back what a stage has, if anything."""
        self._held.pop(stage, None)


def share_gpus(gpus: Sequence[str], workers: int, each: float, held: Holdings | None = None) -> list[str | None]:
    """Return the value of `CUDA_VISIBLE_DEVICES` for each worker; None where it is to stay as it is.

    Args:
        gpus: Names of the GPUs.
        workers: How many there are.
        each: GPUs of each worker: a whole number of its own, or a fraction, to share one. 0 leaves all to all.
        held: What others have of them.

    Raises:
        WorkerError: not so many are free.

    >>> share_gpus(["0", "1"], 4, 0.5), share_gpus(["0", "1", "2", "3"], 2, 2)
    (['0', '0', '1', '1'], ['0,1', '2,3'])
    >>> share_gpus(["0", "1"], 2, 0.5, {"draw": {"0": 0.5}})
    ['0', '1']
    """
    if not each:
        return [None] * workers
    if each > 1 and each != int(each):
        raise WorkerError(f"a worker has a whole number of GPUs, or a fraction of one; got {each}")
    taken = {gpu: sum(stage.get(gpu, 0) for stage in (held or {}).values()) for gpu in gpus}
    size, part = max(int(each), 1), min(each, 1)
    slots = [gpu for gpu in gpus for _ in range(int((1 - taken[gpu]) / part + _ROUNDING))]
    if size * workers > len(slots):
        raise WorkerError(_shortage(gpus, workers, each, held or {}))
    return [",".join(slots[worker * size : (worker + 1) * size]) for worker in range(workers)]


def _shortage(gpus: Sequence[str], workers: int, each: float, held: Holdings) -> str:
    needed = -(-workers // int(1 / each + _ROUNDING)) if each < 1 else workers * int(each)
    shown = ", ".join(gpu + _holders(gpu, held) for gpu in gpus) or "none"
    return (
        f"{workers} workers with {each:g} GPUs each need {needed}; {len(gpus)} are visible ({shown}). "
        "Give fewer workers, or a fraction of a GPU to each" + (", or let stages not overlap" if held else "")
    )


def _holders(gpu: str, held: Holdings) -> str:
    parts = [f"stage {name!r} has {have[gpu]:g} of it" for name, have in held.items() if have.get(gpu)]
    return f": {' and '.join(parts)}" if parts else ""
