"""What an app sets for its whole process."""

import os


def use_one_thread() -> None:
    """Keep torch on one thread, unless the user's OMP_NUM_THREADS says otherwise; to be called before torch is loaded.

    Threads that share a tiny model wait for each other: on a busy machine two are several times slower than one.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
