"""Which of this machine's GPUs each worker process sees."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from shard_runner.errors import WorkerError


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them; none without the driver."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name.strip()]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True
    )
    return listed.stdout.split() if listed.returncode == 0 else []


def share_gpus(gpus: Sequence[str], workers: int, each: float) -> list[str | None]:
    """Return the value of `CUDA_VISIBLE_DEVICES` for each worker; None where it is to stay as it is.

    Args:
        gpus: Names of the GPUs.
        workers: How many there are.
        each: GPUs of each worker: a whole number of its own, or a fraction, to share one. 0 leaves all to all.

    Raises:
        WorkerError: there are not so many.

    >>> share_gpus(["0", "1"], 4, 0.5), share_gpus(["0", "1", "2", "3"], 2, 2)
    (['0', '0', '1', '1'], ['0,1', '2,3'])
    """
    if not each:
        return [None] * workers
    if each > 1 and each != int(each):
        raise WorkerError(f"a worker has a whole number of GPUs, or a fraction of one; got {each}")
    on_one = int(1 / each + 1e-9) if each < 1 else 1
    needed = -(-workers // on_one) if each < 1 else workers * int(each)
    if needed > len(gpus):
        shown = ", ".join(gpus) or "none"
        raise WorkerError(
            f"{workers} workers with {each:g} GPUs each need {needed}; {len(gpus)} are visible ({shown}). "
            "Give fewer workers, or a fraction of a GPU to each"
        )
    if each < 1:
        return [gpus[worker // on_one] for worker in range(workers)]
    size = int(each)
    return [",".join(gpus[worker * size : (worker + 1) * size]) for worker in range(workers)]
