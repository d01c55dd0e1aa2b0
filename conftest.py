"""What keeps the tests fast, and what those of several apps share.

Tiny models are fastest on one thread, and threads that wait for each other are slowest: one thread a process.
"""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies

os.environ.setdefault("OMP_NUM_THREADS", "1")

_frozen = {"modules": 0}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Leave what libraries hold out of garbage collections: accelerate asks for one a training, of a second then."""
    if len(sys.modules) - _frozen["modules"] > 100:
        _make_random_of_hypothesis()
        gc.collect()
        gc.freeze()
        _frozen["modules"] = len(sys.modules)


@given(strategies.none())
def _make_random_of_hypothesis(_: None) -> None:
    """Its first test looks for who else holds its generator, and finds nobody among the frozen."""


FORKING = """
import os, sys
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(2, 1)
        run(line.rstrip())
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class ForkedRuns:
    """Runs one after the other, each in a child of one process that has imported the libraries before."""

    def __init__(self, code: str, *arguments: object) -> None:
        command = [sys.executable, "-c", code + FORKING, *map(str, arguments)]
        pipe = subprocess.PIPE
        self._parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)

    def run(self, out: Path) -> int:
        """Run to the end, and return how it ended: 0, or minus the signal."""
        self._start(out)
        return self._next_number()

    def kill_when(self, has_come: Callable[[Path], bool], out: Path) -> int:
        """Kill the run when that moment has come, and return how it ended: 0 if it was done before."""
        child = self._start(out)
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself, and its status tells how
            while not has_come(out):
                os.kill(child, 0)
                time.sleep(0.01)
            os.kill(child, signal.SIGKILL)
        return self._next_number()

    def close(self) -> None:
        """End the process and what still runs in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate()

    def _start(self, out: Path) -> int:
        print(out, file=self._parent.stdin, flush=True)
        return self._next_number()

    def _next_number(self) -> int:
        assert self._parent.stdout is not None
        return int(self._parent.stdout.readline())


@pytest.fixture
def forked_runs() -> Iterator[Callable[..., ForkedRuns]]:
    """Starts `python -c code arguments` where the code defines `run(out: str)`; see `ForkedRuns`."""
    with contextlib.ExitStack() as started:

        def start(code: str, *arguments: object) -> ForkedRuns:
            runs = ForkedRuns(code, *arguments)
            started.callback(runs.close)
            return runs

        yield start


@pytest.fixture
def written_tokens(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The new tokens of every trial that a local model samples from now on."""
    from trial_sampler.hf import HfSampler

    sample, tokens = HfSampler.sample, list[int]()

    def counted(self: HfSampler, requests: Any) -> Any:
        results = sample(self, requests)
        tokens.extend(trial.tokens or 0 for result in results for trial in result.trials)
        return results

    monkeypatch.setattr(HfSampler, "sample", counted)
    return tokens
