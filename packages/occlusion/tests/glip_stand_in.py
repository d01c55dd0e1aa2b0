"""A worker of GLIP's protocol without GLIP, for the standard library alone; the first argument says how it behaves."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parents[1] / "src/occlusion/workers/glip_worker.py"


@functools.cache
def worker() -> Any:
    """The real worker's module: its loop runs here, its model does not."""
    spec = importlib.util.spec_from_file_location("glip_worker", WORKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Boxes:
    """Answers for each phrase of each text a box at the place of the phrase; a letter is a token."""

    def __init__(self, mode: str) -> None:
        self.mode, self.notes = mode, os.environ["STAND_IN_NOTES"]

    def greeting(self) -> dict[str, Any]:
        note(self.notes, "start")
        return {"max_text_tokens": 12, "special_ids": [ord("#")]}

    def tokens(self, phrases: list[str]) -> dict[str, Any]:
        note(self.notes, f"tokens {phrases}")
        return {"token_ids": [[ord(letter) for letter in phrase] for phrase in phrases]}

    def detect(self, size_wh: Any, texts: list[list[str]], min_score: float) -> dict[str, Any]:
        starts = note(self.notes, f"detect {texts}")
        print("a library says something", flush=True)  # To standard output, which carries answers alone.
        os.write(1, b"and so does one in C\n")
        if self.mode == "dies" or (self.mode == "dies once" and starts == 1):
            print("terrible things happened", file=sys.stderr, flush=True)
            os._exit(7)
        if self.mode == "hangs" or (self.mode == "hangs once" and starts == 1):
            time.sleep(60)
        if self.mode == "refuses":
            raise worker().BadRequestError("not_a_number", "the model must give numbers.")
        if self.mode == "fails without words":
            raise MemoryError
        if self.mode == "leaves a child":
            child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
            note(self.notes, f"child {child.pid}")
            os._exit(7)
        if self.mode == "fails":
            raise RuntimeError("no such operator")
        found = [
            [t, p, 10 * t - 1, 10 * p, 10 * t + 5, 10 * p + 500, 0.9 - 0.25 * p]
            for t, text in enumerate(texts)
            for p in range(len(text))
        ]
        return {"size_wh": size_wh, "found": [row for row in found if row[-1] >= min_score]}


def note(path: str, text: str) -> int:
    """Write what happened; return how often the worker has started."""
    with open(path, "a", encoding="utf-8") as notes:
        notes.write(text + "\n")
    return Path(path).read_text(encoding="utf-8").split("\n").count("start")


def size_wh_of_png(image: dict[str, str]) -> list[int]:
    """Width and height, by the standard library alone."""
    import base64

    return list(struct.unpack(">II", base64.b64decode(image["png_base64"])[16:24]))


GARBAGE = {
    "garbage": "Loading model...\n",
    "list": "[1, 2]\n",
    "wrong id": json.dumps({"id": 99}) + "\n",
    "empty answer": json.dumps({"id": 1}) + "\n",
    "huge line": "x" * 3_000_000,
    "error is text": json.dumps({"id": 1, "error": "no"}) + "\n",
    "error is half": json.dumps({"id": 1, "error": {"reason": "no"}}) + "\n",
}
GREETINGS = {
    "wrong version": {"protocol": 0, "worker": "glip"},
    "other worker": {"protocol": 1, "worker": "sam"},
}


def load(mode: str) -> Boxes:
    if mode == "load raises":
        raise OSError("weights must be there;\ngot none")
    if mode == "load exits":
        sys.exit("--weights must be given")
    return Boxes(mode)


def main() -> None:
    mode = sys.argv[1]
    if mode in GREETINGS:
        print(json.dumps(GREETINGS[mode]), flush=True)
        sys.stdin.read()
    elif mode == "greets late":
        time.sleep(60)
    elif mode == "cannot start":
        sys.exit("ModuleNotFoundError: No module named 'mmdet'")
    elif mode in GARBAGE:
        greeting = {"protocol": 1, "worker": "glip", "versions": {}, "max_text_tokens": 12, "special_ids": []}
        print(json.dumps(greeting), flush=True)
        sys.stdin.readline()
        print(GARBAGE[mode], end="", flush=True)
        sys.stdin.read()
    else:
        module = worker()
        module.opened = size_wh_of_png
        versions = {"python": "3.11", "torch": "2.4.1"}
        module.serve(lambda: load(mode), {"model": "glip-t", "versions": versions})


if __name__ == "__main__":
    main()
