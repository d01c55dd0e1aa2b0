"""Stand-ins for models, and small labelled sets."""

import json
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from PIL import Image
from selfsynthx import SynthSettings

from .birds import CONCEPTS, LABELS, StubSampler, words_embedder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A labelled set: six pictures of each of three birds to learn from, two to choose on, three to measure."""
    rows = []
    for label in LABELS:
        for split, count in (("train", 6), ("validation", 2), ("test", 3)):
            for number in range(count):
                name = f"{label.replace(' ', '_')}-{split}-{number}"
                Image.new("RGB", (8, 8), (len(rows), number, 7)).save(tmp_path / f"{name}.png")
                rows.append({"id": name, "image": f"{name}.png", "label": label, "split": split})
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    (tmp_path / "concepts.json").write_text(json.dumps(CONCEPTS))
    return tmp_path


@pytest.fixture
def settings(folder: Path) -> SynthSettings:
    return SynthSettings(
        data=folder / "labels.json",
        dataset="cub-200",
        concepts=folder / "concepts.json",
        model="stub",
        device="cpu",
        descriptions=2,
        questions=4,
        rounds=2,
        images_per_batch=4,
    )


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, str], str]], StubSampler]:
    """Put a function in the place of every model, and words in the place of the embedder."""

    def install(answer: Callable[[str, str], str]) -> StubSampler:
        sampler = StubSampler(answer)
        monkeypatch.setattr("selfsynthx.models._load", lambda *_, **__: sampler)
        monkeypatch.setattr("selfsynthx.embedding._load", lambda *_: words_embedder)
        return sampler

    return install
