"""Errors that pass (a lost connection, a full memory) apart from those that stay."""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from shard_runner.errors import PipelineError

_TRANSIENT_NAMES = {
    "APIConnectionError",  # openai and its kin
    "ConnectError",  # httpx
    "ConnectionError",  # requests, which does not use Python's own
    "EndpointConnectionError",  # botocore
    "NetworkError",
    "ProtocolError",  # urllib3
    "RateLimitError",
    "ReadError",
    "RemoteProtocolError",
    "ServerDisconnectedError",  # aiohttp
    "Timeout",
    "TimeoutException",
}
_TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}
_MEMORY_TEXTS = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "can't allocate memory", "not enough memory")


def is_transient(error: BaseException) -> bool:
    """Tell whether an error says nothing about the rows: the network, a timeout, a server that is busy or restarts.

    Python's `ConnectionError` and `TimeoutError`, errors of the usual HTTP clients by the names of their classes, and
    those whose `status_code`, or that of their `response`, is 408, 425, 429 or of a server's fault.

    >>> is_transient(ConnectionResetError()), is_transient(ValueError("connection"))
    (True, False)
    """
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    code = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(code, int):
        return code in _TRANSIENT_STATUS
    return any(kind.__name__ in _TRANSIENT_NAMES for kind in type(error).__mro__)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the batch was too large for the memory of the machine or its accelerator.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate"))
    (True, True)
    """
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _MEMORY_TEXTS)


def free_memory() -> None:
    """Give back what a failed batch left behind, also on an accelerator where torch is in use."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


@dataclass(frozen=True, kw_only=True)
class Retry:
    """What a stage does about errors that pass: the same batch again, after a wait that doubles.

    Rows whose batch still fails after the last attempt are quarantined together: it is no single row's fault. A batch
    that runs out of memory is halved at once, and so are those after it; other errors are not tried again.
    """

    attempts: int = 4
    """Calls of a batch before its rows are quarantined."""
    wait_s: float = 1.0
    """Wait before the second attempt; each later one is twice as long."""
    most_wait_s: float = 60.0
    """No wait is longer."""
    transient: Callable[[BaseException], bool] = is_transient
    """Tells which errors pass."""

    def __post_init__(self) -> None:
        if self.attempts < 1 or not self.wait_s >= 0 or not self.most_wait_s >= 0:
            got = f"{self.attempts}, {self.wait_s} and {self.most_wait_s}"
            raise PipelineError(f"retry needs attempts of at least 1 and waits of at least 0 s; got {got}")

    def wait(self, attempt: int, *, stopping: Callable[[], bool]) -> None:
        """Wait after attempt number `attempt` (from 1), in small steps, so that a stop is heard."""
        left = min(self.wait_s * 2.0 ** min(attempt - 1, 60), self.most_wait_s)
        until = time.monotonic() + left
        while not stopping() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
