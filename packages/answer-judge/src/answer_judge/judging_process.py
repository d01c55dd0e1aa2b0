"""The parent's side of one judging process: start it, ask it with a time limit, end it without leaving a zombie."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

from answer_judge.errors import WorkerError
from answer_judge.ladder import Question
from answer_judge.verdicts import Verdict


class Overrun(Exception):
    """No reply in time; the process has been killed."""


class Died(Exception):
    """The process ended by itself or was killed by somebody else; the text is its exit status."""


class JudgingProcess:
    """A Python process of its own that holds a ladder; one thread uses it at a time."""

    def __init__(self, factory: bytes, *, seconds: float, start_seconds: float) -> None:
        """Start the process and wait until its ladder is made.

        Raises:
            WorkerError: the ladder could not be made, or not in time.
        """
        self._seconds = seconds
        orphan_s = 2 * max(seconds, start_seconds)
        self._connection, theirs = Pipe()
        command = [sys.executable, "-P", "-m", "answer_judge.judging_worker", str(theirs.fileno()), str(orphan_s)]
        search_path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with theirs:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
                env={**os.environ, "PYTHONPATH": search_path},
            )  # fmt: skip
        try:
            reply = self._ask(factory, start_seconds)
        except Overrun:
            raise WorkerError(f"make_ladder took longer than start_seconds={start_seconds:g}") from None
        except Died as died:
            raise WorkerError(f"the judging process ended while it made its ladder ({died})") from None
        if "error" in reply:
            self.kill()
            raise WorkerError(
                f"make_ladder failed in the judging process: {reply['error']}. It must be a function of a module that "
                "can be imported there (no script, notebook or lambda)"
            )

    def judge(self, request: str) -> Verdict:
        """Return the ladder's verdict on a request of `request_of`.

        Raises:
            Overrun: it took longer than `seconds`.
            Died: the process ended.
            WorkerError: a rung raised.
        """
        reply = self._ask(request.encode(), self._seconds)
        if "error" in reply:
            raise WorkerError(f"judging {shown(request)} raised {reply['error']}")
        return Verdict(*reply["verdict"])

    def _ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        try:
            self._connection.send_bytes(request)
            # Asked twice: this thread may have slept so long that the reply came after the first look.
            if self._connection.poll(seconds) or self._connection.poll(0):
                return json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)  # hung up, so about to end: its own exit status says more than our kill
            raise Died(f"exit status {self.kill()}") from None
        except BaseException:
            self.kill()  # interrupted between question and answer: what comes next would be the wrong answer
            raise
        self.kill()
        raise Overrun

    def is_alive(self) -> bool:
        """Return whether the process can be asked."""
        return not self._connection.closed and self._process.poll() is None

    def kill(self) -> int:
        """End the process, and whatever it started, at once; return its exit status."""
        self._connection.close()
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


def request_of(question: Question) -> str:
    """Return what `Ladder.judge` is to be called with, as JSON."""
    options = question[2] if len(question) == 3 else None
    return json.dumps([question[0], question[1], *([] if options is None else [dict(options)])])


def shown(request: str) -> str:
    """Return a request's answer and reference for messages, long texts cut."""
    texts: list[str] = json.loads(request)[:2]
    return " against ".join(repr(text if len(text) <= 60 else text[:57] + "...") for text in texts)
