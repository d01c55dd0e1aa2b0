"""Does what llava-train exports reach ms-swift and LLaMA-Factory as it was? `uv run python tools/check_exports/run.py`

Makes rows (several images and turns, texts alone, a skipped answer), exports them, and has both trainers' own loaders
and templates read the files in environments of their own, with a tiny random LLaVA. The first run installs them
(about 6 GB with torch); later ones take a minute or two.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from llava_train import Row, write_llama_factory, write_ms_swift
from PIL import Image

HERE = Path(__file__).parent
CONFTEST = HERE.parents[1] / "packages" / "llava-train" / "tests" / "conftest.py"


def main() -> int:
    """Export, check, and return the number of checks that failed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = make_rows(folder)
        write_ms_swift(rows, folder / "ms_swift.jsonl")
        for row in rows:  # LLaMA-Factory cannot skip answers
            for message in row["messages"]:
                message.pop("weight", None)
        write_llama_factory(rows, folder, "own")
        save_model(folder / "model")
        (folder / "expected.json").write_text(json.dumps([expected(row, folder) for row in rows]), encoding="utf-8")
        environment = os.environ | {"ROOT_IMAGE_DIR": name, "HF_HUB_OFFLINE": "1", "HF_HOME": f"{name}/hf"}
        environment |= {"MODELSCOPE_CACHE": f"{name}/modelscope", "USE_HF": "1", "CUDA_VISIBLE_DEVICES": ""}
        scripts = [HERE / f"{script}.py" for script in sys.argv[1:] or ("ms_swift", "llama_factory")]
        return sum(
            subprocess.run(["uv", "run", "--script", script, folder], env=environment, check=False).returncode != 0
            for script in scripts
        )


def make_rows(folder: Path) -> list[Row]:
    """Rows with relative, absolute and unsaved images."""
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (40, 36, 3), dtype=np.uint8)) for _ in range(5)]
    (folder / "pictures").mkdir()
    for k in range(3):
        pictures[k].save(folder / "pictures" / f"{k}.png")
    image = {"type": "image"}
    return [
        {
            "id": "two turns, three images",
            "messages": [
                {"role": "system", "content": [text("Be brief.")]},
                {"role": "user", "content": [image, text("What is it,\nand what is "), image, text("?")]},
                {"role": "assistant", "content": [text("A duck, a train.")], "weight": 0},
                {"role": "user", "content": [text("And this? "), image]},
                {"role": "assistant", "content": [text("Nothing.")]},
            ],
            "images": ["pictures/2.png", str(folder / "pictures" / "0.png"), pictures[3]],
        },
        {"id": "7", "messages": [user([text("2 + 2?")]), answer("4")], "images": []},
        {"id": "ünï", "messages": [user([image, text("Färbe? “blau”")]), answer("blau")], "images": [pictures[4]]},
        {
            "id": "one",
            "messages": [user([image, image, text("Same?")]), answer("no")],
            "images": ["pictures/1.png"] * 2,
        },
    ]


def text(value: str) -> dict[str, str]:
    """A content part."""
    return {"type": "text", "text": value}


def user(parts: list[dict[str, str]]) -> dict[str, Any]:
    """A question."""
    return {"role": "user", "content": parts}


def answer(value: str) -> dict[str, Any]:
    """An answer."""
    return {"role": "assistant", "content": [text(value)]}


def expected(row: Row, folder: Path) -> dict[str, Any]:
    """What a reader must find: turns with tags, and the digest of each image's pixels in order."""
    turns = [
        [turn["role"], "".join(part.get("text", "<image>") for part in turn["content"])] for turn in row["messages"]
    ]
    images = [image if isinstance(image, Image.Image) else Image.open(folder / image) for image in row["images"]]
    return {"turns": turns, "pixels": [hashlib.sha256(image.convert("RGB").tobytes()).hexdigest() for image in images]}


def save_model(folder: Path) -> None:
    """The tiny LLaVA of llava-train's own tests."""
    spec = importlib.util.spec_from_file_location("llava_train_conftest", CONFTEST)
    assert spec is not None
    assert spec.loader is not None
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    tokenizer = tiny._tokenizer()
    tiny._model(tokenizer).save_pretrained(folder)
    tiny._processor(tokenizer, tiny.CLOSED).save_pretrained(folder)


if __name__ == "__main__":
    sys.exit(main())
