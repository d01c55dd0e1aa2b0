"""Two turns through an OpenAI-compatible server, here a stand-in that listens on loopback."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from chain_of_spot.cli import main
from click.testing import CliRunner
from PIL import Image

SAID = ("[0.500, 0.000, 1.000, 0.500]", "K")


class StandIn(BaseHTTPRequestHandler):
    """Says a box where one image is shown, and a letter where two are."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        content = SAID[len(images_of(body)) - 1]
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        self._reply({"id": "x", "object": "chat.completion", "model": body["model"], "choices": [choice]})

    def do_GET(self) -> None:
        self._reply({"object": "list", "data": [{"id": "served", "object": "model"}]})

    def log_message(self, *arguments: object) -> None:
        """Nothing."""

    def _reply(self, value: Any) -> None:
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def images_of(body: dict[str, Any]) -> list[Image.Image]:
    """The pictures of a request."""
    parts = [
        part for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    found: list[Image.Image] = []
    for url in urls:
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as opened:
            found.append(opened.convert("RGB"))
    return found


@pytest.fixture
def address() -> Iterator[str]:
    StandIn.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_is_shown_the_crop_of_the_box_that_it_named(address: str, tmp_path: Path) -> None:
    picture = Image.new("RGB", (200, 200), "gray")
    picture.paste((255, 0, 0), (100, 0, 200, 100))
    picture.save(tmp_path / "a.png")
    flags = ["--backend", "server", "--base-url", address, "--frame", "padded", "--form", "llava"]
    done = CliRunner().invoke(main, ["ask", str(tmp_path / "a.png"), "What?", "--model", "served", *flags])
    assert done.exit_code == 0, done.output
    assert "where:  [0.500, 0.000, 1.000, 0.500]  (ok; pixels 100, 0, 200, 100)" in done.output
    assert "answer: K" in done.output
    first, second = StandIn.asked
    assert [image.size for image in images_of(first)] == [(200, 200)]
    whole, crop = images_of(second)
    assert (whole.size, crop.size) == ((200, 200), (100, 100))
    assert crop.getpixel((50, 50))[0] > 240  # type: ignore[index]
    assert second["messages"][1]["content"][0]["text"] == SAID[0]
