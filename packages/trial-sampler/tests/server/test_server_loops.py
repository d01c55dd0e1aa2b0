"""A synchronous call, wherever it is made, that Ctrl-C ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
from trial_sampler import ModelError
from trial_sampler.server.blocking import run_blocking


def test_sampling_works_inside_a_running_event_loop(server: Any, sampler_of: Any, ask_text: Any, reply: Any) -> None:
    sampler = sampler_of()
    expected = sampler.sample([ask_text(n=3)])

    async def caller() -> Any:
        await asyncio.sleep(0)
        return sampler.sample([ask_text(n=3)])

    assert asyncio.run(caller()) == expected

    async def refused_caller() -> Any:
        return sampler.sample([ask_text()])

    server.script = lambda seen: reply({}, 401)
    with pytest.raises(ModelError):
        asyncio.run(refused_caller())


def test_several_threads_may_sample_at_once(sampler_of: Any, ask_text: Any) -> None:
    sampler = sampler_of()
    expected = sampler.sample([ask_text(n=3)])
    results: list[Any] = []
    threads = [threading.Thread(target=lambda: results.append(sampler.sample([ask_text(n=3)]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_what_a_coroutine_raises_comes_out_of_both_ways() -> None:
    async def fail() -> None:
        raise LookupError("this one")

    async def inside() -> None:
        run_blocking(fail)

    with pytest.raises(LookupError, match="this one"):
        run_blocking(fail)
    with pytest.raises(LookupError, match="this one"):
        asyncio.run(inside())


SCRIPT = """
import asyncio
import signal
import sys
from trial_sampler import Request
from trial_sampler.server import ServerSampler
signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background inherit that it is ignored
sampler = ServerSampler(sys.argv[1], "m")
requests = [Request(id=str(k), messages=[{"role": "user", "content": "Hello"}], n=4) for k in range(50)]

async def notebook():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio.run would take the first Ctrl-C for itself
    sampler.sample(requests)

try:
    asyncio.run(notebook()) if sys.argv[2] == "running loop" else sampler.sample(requests)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("place", ["plain code", "running loop"])
def test_ctrl_c_ends_a_call_at_once_and_cleanly(server: Any, reply: Any, complete: Any, place: str) -> None:
    arrived = threading.Event()

    def hang(seen: Any) -> Any:
        if seen.number == 7:
            arrived.set()
        return reply(complete("late"), after_s=30)

    server.script = hang
    command = [sys.executable, "-c", SCRIPT, server.base_url, place]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert arrived.wait(20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
