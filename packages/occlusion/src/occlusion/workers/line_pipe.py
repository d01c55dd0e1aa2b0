"""One running program: a line goes in, a line comes out, within a time and a size; its errors go to a file."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from occlusion.errors import OcclusionError

_CHUNK_BYTES = 1 << 16
_TERM_S = 2.0
_LOOK_S = 0.1  # How often a wait looks whether it is called off.


class LostWorker(OcclusionError):
    """The program is of no more use: `worker_died`, `worker_timeout` or `worker_garbage`."""


class LinePipe:
    """A program with its own process group, so that whatever it starts ends with it."""

    def __init__(
        self, command: Sequence[str], *, stderr_path: Path, max_line_bytes: int, env: Mapping[str, str] | None = None
    ) -> None:
        """Start a program.

        Args:
            command: program and arguments.
            stderr_path: file that its standard error is appended to.
            max_line_bytes: longest line that it may answer.
            env: its environment; this process's own when None.

        Raises:
            OcclusionError: `worker_start`: no such program.
        """
        self._max_line_bytes, self._stderr_path = max_line_bytes, stderr_path
        self._unread, self._owner_pid, self._is_ended = bytearray(), os.getpid(), False
        try:
            with stderr_path.open("ab") as errors:
                self._stderr_start = errors.tell()
                self._process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    bufsize=0,
                    env=None if env is None else dict(env),
                    start_new_session=True,
                )
        except OSError as error:
            raise OcclusionError("worker_start", f"worker must start by {command[0]!r}: {error}.") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._into, self._out_of = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._into, False)

    def exchange(self, line: bytes, timeout_s: float, *, called_off: threading.Event) -> bytes:
        """Send a line (none when empty), and return the next line that comes, without its end.

        Args:
            line: with its end.
            timeout_s: until the answer.
            called_off: ends the wait when another thread sets it.

        Raises:
            LostWorker: no line in time, the program ended, or the line is too long.
            OcclusionError: `worker_closed`: called off.
        """
        deadline, unsent = time.monotonic() + timeout_s, memoryview(line)
        ended = self._unread.find(b"\n") >= 0
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._out_of, selectors.EVENT_READ)
            if unsent:
                waiting.register(self._into, selectors.EVENT_WRITE)
            while unsent or not ended:
                left_s = deadline - time.monotonic()
                ready = waiting.select(min(max(0.0, left_s), _LOOK_S))
                if called_off.is_set():
                    raise OcclusionError("worker_closed", "worker was closed before it answered. Make a new one.")
                if not ready and left_s <= _LOOK_S and time.monotonic() >= deadline:
                    raise LostWorker("worker_timeout", f"worker must answer in {timeout_s:g} s.{self.last_words()}")
                for key, _ in ready:
                    if key.fd == self._out_of:
                        ended = self._read_some() or ended
                    else:
                        unsent = unsent[self._write_some(unsent) :]
                        if not unsent:
                            waiting.unregister(self._into)
        answer, _, rest = bytes(self._unread).partition(b"\n")
        self._unread = bytearray(rest)
        return answer

    def last_words(self) -> str:
        """Return where its standard error is kept, and the last line of it, for a message of one line."""
        lines = self._stderr_tail().splitlines()
        shown = next((f" Its last words: {line.strip()[:300]}" for line in reversed(lines) if line.strip()), "")
        return f" Standard error: {self._stderr_path}.{shown}"

    def end(self, *, grace_s: float) -> None:
        """End the program: close its input, wait, terminate its group, wait, kill all of it. Safe to call again.

        What the program started and left behind is killed too.

        Does nothing in a fork of the process that started it.
        """
        if self._owner_pid != os.getpid() or self._is_ended:
            return
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        if not (grace_s and self._has_ended(grace_s)):
            self._signal(signal.SIGTERM)
            self._has_ended(_TERM_S)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._is_ended = True

    def _read_some(self) -> bool:
        """Read what is there; return whether a line ended."""
        chunk = os.read(self._out_of, _CHUNK_BYTES)
        if not chunk:
            code = self._exit_code(_TERM_S)
            message = f"worker must stay alive; it ended with exit code {code}.{self.last_words()}"
            raise LostWorker("worker_died", message)
        self._unread += chunk
        if len(self._unread) > self._max_line_bytes:
            message = f"worker must answer in lines of {self._max_line_bytes} bytes or fewer.{self.last_words()}"
            raise LostWorker("worker_garbage", message)
        return b"\n" in chunk

    def _write_some(self, unsent: memoryview) -> int:
        try:
            return os.write(self._into, unsent[:_CHUNK_BYTES])
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            self._has_ended(_TERM_S)
            raise LostWorker("worker_died", f"worker must read its input; it is closed.{self.last_words()}") from error

    def _has_ended(self, timeout_s: float) -> bool:
        return self._exit_code(timeout_s) is not None

    def _exit_code(self, timeout_s: float) -> int | None:
        """Wait for the program's end and return its exit code, None if it runs on; where possible it is not reaped."""
        deadline = time.monotonic() + timeout_s
        while (code := self._exit_code_now()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return code

    def _exit_code_now(self) -> int | None:
        # A program that is not reaped keeps its number, so its group can be told from any other.
        if self._process.returncode is None and hasattr(os, "waitid"):
            with contextlib.suppress(ChildProcessError):
                ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if ended is None:
                    return None
                return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        return self._process.poll()

    def _signal(self, number: signal.Signals) -> None:
        """Signal the group, also when the program itself has ended: what it started may live on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: permission, for a group of zombies.
            os.killpg(self._process.pid, number)

    def _stderr_tail(self) -> str:
        with contextlib.suppress(OSError), self._stderr_path.open("rb") as errors:
            errors.seek(max(self._stderr_start, errors.seek(0, os.SEEK_END) - 4096))
            return errors.read().decode("utf-8", errors="replace")
        return ""
