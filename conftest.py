"""Tiny models are fastest on one thread, and threads that wait for each other are slowest: one thread a process."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
