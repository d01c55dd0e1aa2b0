"""A model in a program of its own, asked by lines of JSON: started, greeted, watched, started anew, and ended."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from occlusion.errors import OcclusionError
from occlusion.workers.line_pipe import LinePipe, LostWorker

NO_WORKER = ("worker_start", "wrong_worker", "worker_closed", "worker_of_another_process")
"""Reasons that hold for every question."""


@dataclass(frozen=True)
class WorkerLimits:
    """What a worker may take.

    Raises:
        OcclusionError: `bad_option`.
    """

    start_timeout_s: float = 3600.0
    """Until it greets. The first start may have to build its environment."""

    call_timeout_s: float = 600.0
    """For one answer."""

    max_restarts: int = 1
    """How often a worker that died, hung or spoke garbage is started anew, and asked again, for one question."""

    max_line_bytes: int = 1 << 24
    """Longest answer."""

    end_timeout_s: float = 5.0
    """From the end of its input until it is told to end by a signal."""

    def __post_init__(self) -> None:
        positive = (self.start_timeout_s, self.call_timeout_s, self.max_line_bytes)
        if min(positive) <= 0 or min(self.max_restarts, self.end_timeout_s) < 0:
            raise OcclusionError("bad_option", f"limits must be above 0, max_restarts 0 or more; got {self}.")


class WorkerProcess:
    """A worker, ready to be asked. One question at a time: other threads wait.

    The worker's side: first it writes `{"protocol": 1, "worker": name, ...}`; then for each line `{"id": 7, ...}` it
    writes one line `{"id": 7, ...}`, or `{"id": 7, "error": {"reason": slug, "message": text}}`, and it ends when its
    input does. Anything else that it writes to its standard output is garbage.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        protocol: int,
        limits: WorkerLimits | None = None,
        stderr_path: str | Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start a worker and wait for its greeting.

        Args:
            command: program and arguments.
            name: what it must call itself.
            protocol: version of the questions that it must answer.
            limits: times and sizes.
            stderr_path: file that its standard error is appended to; when None a temporary one, which is deleted at the
                end unless the worker failed.
            env: environment of the worker; this process's own when None.

        Raises:
            OcclusionError: `worker_start` (no such program; no greeting in time; ended before it), `wrong_worker`
                (another name or protocol).
        """
        self._command, self._name, self._protocol, self._env = tuple(command), name, protocol, env
        self._limits = limits or WorkerLimits()
        self._owner_pid, self._asked = os.getpid(), 0
        self._held = _Held(_stderr_file() if stderr_path is None else Path(stderr_path), passing=stderr_path is None)
        self._finalizer = weakref.finalize(self, _finish, self._held, self._limits.end_timeout_s)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def greeting(self) -> Mapping[str, Any]:
        """What the worker said of itself when it was last started."""
        return self._greeting

    @property
    def stderr_path(self) -> Path:
        """File with everything that the worker and its libraries wrote to standard error."""
        return self._held.stderr_path

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the worker's answer.

        A worker that dies, hangs or speaks garbage is started anew, and asked again, `max_restarts` times.

        Raises:
            OcclusionError: the worker's own refusal; `worker_died`, `worker_timeout`, `worker_garbage` (the next
                question starts a new one); `worker_start`, `wrong_worker`; `worker_closed` (also by another thread
                meanwhile); `worker_of_another_process` (after a fork).
        """
        self._check_owner()
        with self._held.lock:
            for restarts_left in reversed(range(self._limits.max_restarts + 1)):
                try:
                    return self._ask_once(question)
                except LostWorker:
                    if restarts_left == 0:
                        raise
        raise AssertionError("unreachable")

    def drop(self) -> None:
        """End a worker whose answers make no sense; the next question starts a new one."""
        self._check_owner()
        with self._held.lock:
            self._stop()

    def close(self) -> None:
        """End the worker; it cannot be asked again. Happens by itself when the object or the interpreter ends.

        A thread that waits for an answer gets `worker_closed`.
        """
        if self._owner_pid == os.getpid():
            self._finalizer()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_owner(self) -> None:
        if self._owner_pid != os.getpid():
            message = f"{self._name} belongs to process {self._owner_pid}; this is {os.getpid()}. Make one in each."
            raise OcclusionError("worker_of_another_process", message)

    def _check_open(self) -> None:
        if self._held.closed.is_set():
            raise OcclusionError("worker_closed", f"{self._name} is closed. Make a new one.")

    def _ask_once(self, question: Mapping[str, Any]) -> dict[str, Any]:
        self._check_open()
        if self._held.pipe is None:
            self._start()
        self._asked += 1
        line = json.dumps({**question, "id": self._asked}).encode() + b"\n"
        try:
            answer = self._exchange(line, self._limits.call_timeout_s)
            if answer.get("id") != self._asked:
                self._garbage(f"an answer with id {self._asked}", answer.get("id"))
            refusal = self._refusal(answer)
        except BaseException:  # Also Ctrl-C: an answer that is still to come would be taken for the next one.
            self._stop()
            raise
        if refusal is not None:
            raise refusal
        return answer

    def _refusal(self, answer: Mapping[str, Any]) -> OcclusionError | None:
        if "error" not in answer:
            return None
        error: Any = answer["error"]
        reason, message = (error.get("reason"), error.get("message")) if isinstance(error, dict) else (None, None)
        if not (isinstance(reason, str) and reason and isinstance(message, str) and message):
            self._garbage("an error as a reason and a message", error)
        return OcclusionError(reason, message)

    def _start(self) -> None:
        limits, path = self._limits, self._held.stderr_path
        self._check_open()
        try:
            self._held.pipe = LinePipe(
                self._command, stderr_path=path, max_line_bytes=limits.max_line_bytes, env=self._env
            )
            self._greeting = self._exchange(b"", limits.start_timeout_s)
            self._check_greeting()
        except BaseException as error:
            self._stop()
            if isinstance(error, LostWorker):
                raise OcclusionError("worker_start", f"{self._name} did not start: {error}") from error
            raise

    def _check_greeting(self) -> None:
        expected = {"worker": self._name, "protocol": self._protocol}
        got = {key: self._greeting.get(key) for key in expected}
        if got != expected:
            message = f"worker must greet with {expected}; got {got}. Start the one of this version."
            raise OcclusionError("wrong_worker", message)

    def _exchange(self, line: bytes, timeout_s: float) -> dict[str, Any]:
        assert self._held.pipe is not None
        answered = self._held.pipe.exchange(line, timeout_s, called_off=self._held.closed)
        try:
            answer = json.loads(answered)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._garbage("a JSON object in each line", answered[:200].decode("utf-8", errors="replace"))
        return cast("dict[str, Any]", answer)

    def _garbage(self, expected: str, got: Any) -> NoReturn:
        assert self._held.pipe is not None
        message = f"worker must write {expected}; got {got!r}.{self._held.pipe.last_words()}"
        raise LostWorker("worker_garbage", message)

    def _stop(self) -> None:
        """End a worker that failed, or was closed meanwhile."""
        self._held.passing = self._held.passing and self._held.closed.is_set()
        self._held.end(grace_s=0)


@dataclass
class _Held:
    """What outlives the object until it is put away."""

    stderr_path: Path
    passing: bool
    """Whether the file goes with the worker."""
    pipe: LinePipe | None = None
    """The worker that runs, if any."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Whose the pipe is for now."""
    closed: threading.Event = field(default_factory=threading.Event)
    """Set for good: whoever waits for an answer gives up, and nothing is started any more."""
    owner_pid: int = field(default_factory=os.getpid)
    """Process that the file and the worker belong to; a fork has but a copy of this."""

    def end(self, *, grace_s: float) -> None:
        if self.pipe is not None:
            self.pipe.end(grace_s=grace_s)
            self.pipe = None


def _stderr_file() -> Path:
    handle, made = tempfile.mkstemp(prefix="occlusion-worker-", suffix=".log")
    os.close(handle)
    return Path(made)


def _finish(held: _Held, grace_s: float) -> None:
    if held.owner_pid != os.getpid():
        return
    held.closed.set()
    with held.lock:
        held.end(grace_s=grace_s)
    if held.passing:
        held.stderr_path.unlink(missing_ok=True)
