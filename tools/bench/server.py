"""How fast a server is asked, against one call at a time: python tools/bench/server.py

The server is a process of its own that answers each call after 20 ms, however many there are. The reference is a plain
loop that posts one call after the other over one connection. Both must bring the same texts.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from PIL import Image
from trial_sampler import Request, trial_seed
from trial_sampler.server import ServerSampler, ServerSettings

LATENCY_S = 0.02
REQUESTS, TRIALS = 100, 8


class Answering(BaseHTTPRequestHandler):
    """Answers with the seed."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """List no models."""
        self._send({"data": []})

    def do_POST(self) -> None:
        """Answer after a while."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(LATENCY_S)
        choice = {"index": 0, "finish_reason": "stop", "message": {"content": str(body["seed"])}}
        self._send({"choices": [choice], "usage": {"completion_tokens": 1}})

    def _send(self, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Door(ThreadingHTTPServer):
    """Lets many callers in at once."""

    request_queue_size = 256
    daemon_threads = True


def serve(port: Any) -> None:
    """Serve until ended."""
    server = Door(("127.0.0.1", 0), Answering)
    port.send(server.server_address[1])
    server.serve_forever()


def ask(with_image: bool) -> list[Request]:
    """Requests of one question each, over ten pictures or none."""
    pictures = [Image.effect_noise((336, 336), 64 + index).convert("RGB") for index in range(10)]
    parts = [{"type": "image"}] * with_image + [{"type": "text", "text": "What is hidden?"}]
    messages = [{"role": "user", "content": parts}]
    images = [[pictures[index % 10]] * with_image for index in range(REQUESTS)]
    return [Request(id=f"row-{k}", messages=messages, images=image, n=TRIALS) for k, image in enumerate(images)]


def one_at_a_time(base_url: str, requests: Sequence[Request]) -> list[list[str]]:
    """A plain loop over one connection, text only."""
    texts: list[list[str]] = []
    with httpx.Client() as client:
        for request in requests:
            seeds = [trial_seed(request.seed, request.id, trial) for trial in range(request.n)]
            bodies = [{"model": "m", "messages": list(request.messages), "seed": seed} for seed in seeds]
            replies = [client.post(f"{base_url}/chat/completions", json=body).json() for body in bodies]
            texts.append([reply["choices"][0]["message"]["content"] for reply in replies])
    return texts


def timed(sampler: ServerSampler, requests: Sequence[Request]) -> tuple[float, list[list[str]]]:
    """Seconds, and the texts."""
    start = time.perf_counter()
    results = sampler.sample(requests)
    return time.perf_counter() - start, [[trial.text for trial in result.trials] for result in results]


def main() -> None:
    """Measure, compare, print."""
    os.environ["NO_PROXY"] = "127.0.0.1"
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    base_url = f"http://127.0.0.1:{here.recv()}/v1"
    plain, calls = ask(with_image=False), REQUESTS * TRIALS
    start = time.perf_counter()
    expected = one_at_a_time(base_url, plain)
    theirs_s = time.perf_counter() - start
    ours_s, texts = timed(ServerSampler(base_url, "m"), plain)
    images_s, image_texts = timed(ServerSampler(base_url, "m"), ask(with_image=True))
    capped = ServerSampler(base_url, "m", settings=ServerSettings(start_concurrency=1, most_concurrency=1))
    capped_s, _ = timed(capped, plain[:10])
    process.terminate()
    print(
        f"{calls} calls at 20 ms each: ours {calls / ours_s:.0f} calls/s, with images {calls / images_s:.0f}, "
        f"held to one at a time {10 * TRIALS / capped_s:.0f}; a plain loop {calls / theirs_s:.0f}"
    )
    # Memory is not compared: both hold one body per call under way, and ours has up to 64 of them on purpose.
    figures = {"name": "server", "time_ratio": theirs_s / ours_s, "memory_ratio": None}
    figures |= {"agree": texts == expected == image_texts, "calls_per_s": calls / ours_s}
    print(json.dumps(figures | {"calls_per_s_with_images": calls / images_s}))


if __name__ == "__main__":
    main()
