"""A tiny drawn world with a finished run on it, and a scripted model with pictures and boxes made by hand."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from shard_runner import StageAccount, run, status
from trial_sampler import ChoiceRequest, ChoiceResult, Request, SampleFailure, SampleResult, Trial
from world2code.demo import run_settings
from world2code.pipeline import build_pipeline
from world2code.settings import W2cSettings
from world2code.world import WorldSize, world_settings, write_world

SMALL = WorldSize(scenes=6, held_out=4, steps=2)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn world of 6 pictures to learn from and 4 held-out ones."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, SMALL, 0)
    return folder


@pytest.fixture(scope="session")
def small_settings(world: Path) -> W2cSettings:
    """Settings for it: two steps of four rows, with two controls."""
    short = {"captions": 2, "captions_drawn": 2, "count_samples": 2, "max_new_tokens": 40, "most_pairs": 2}
    return world_settings(world, SMALL, 0, batch_size=4, controls=["unfiltered", "all-code"], **short)


@pytest.fixture(scope="session")
def finished_run(small_settings: W2cSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the whole pipeline on it."""
    out = tmp_path_factory.mktemp("run")
    run_settings(small_settings, out, progress=False)
    return out


class Scripted:
    """A sampler that says what a test tells it to, in three tokens, and notes every request."""

    def __init__(self) -> None:
        self.say: Callable[[str], str] = lambda text: "a dog"
        self.p_yes: Callable[[str], float] = lambda text: 0.9
        self.asked: list[str] = []
        self.written = 0
        self.pictures: list[Any] = []

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """As told, n times."""
        return [self._sampled(one) for one in requests]

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """As told."""
        return [self._scored(one) for one in requests]

    def _sampled(self, one: Request) -> SampleResult:
        self._note(one)
        said = self.say(_text(one))
        if said.startswith("error"):
            return SampleResult(one.id, error=SampleFailure("model", said))
        self.written += 3 * one.n
        return SampleResult(one.id, tuple(Trial(said, "stop", 3, -1.0, seed) for seed in range(one.n)))

    def _scored(self, one: ChoiceRequest) -> ChoiceResult:
        self._note(one)
        p = self.p_yes(_text(one))
        return ChoiceResult(one.id, (p, 1 - p), 1.0)

    def _note(self, one: Any) -> None:
        self.asked.append(one.id)
        self.pictures += one.images


def _text(one: Any) -> str:
    return one.messages[-1]["content"][-1]["text"]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The model of every run of a test."""
    model = Scripted()
    monkeypatch.setattr("world2code.models.load_model", lambda name, settings: model)
    return model


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., W2cSettings]:
    """Settings of a run over pictures in `tmp_path`, with boxes from a COCO file: none until a test writes some."""
    (tmp_path / "nouns.json").write_text(json.dumps({"dog": "animal", "cat": "animal", "hat": "thing", "cup": "thing"}))

    def settings(**changes: Any) -> W2cSettings:
        values: dict[str, Any] = {
            "model": "tiny",
            "device": "cpu",
            "entities": "blank",
            "lexicon": tmp_path / "nouns.json",
            "detector": str(tmp_path / "boxes.json"),
            "captions": 1,
            "captions_drawn": 1,
            "exists_floor_px": 0,
        }
        if "data" not in changes and "images" not in changes:
            values["images"] = tmp_path / "images"
        return W2cSettings.model_validate(values | changes)

    return settings


Boxes = dict[str, list[tuple[str, tuple[float, float, float, float]]]]


@pytest.fixture
def draw(tmp_path: Path) -> Callable[[Boxes], None]:
    """Writes pictures of 200 by 100 pixels, each of its own gray, and a COCO file of `(name, box_xyxy_px)` in each."""

    def write(boxes: Boxes) -> None:
        (tmp_path / "images").mkdir(exist_ok=True)
        names = sorted({name for ones in boxes.values() for name, _ in ones})
        found: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": []}
        found["categories"] = [{"id": number, "name": name} for number, name in enumerate(names)]
        for number, (file, ones) in enumerate(boxes.items()):
            Image.new("RGB", (200, 100), (40 + number, 40, 40)).save(tmp_path / "images" / file)
            found["images"].append({"id": number, "file_name": file, "width": 200, "height": 100})
            for name, (x0, y0, x1, y1) in ones:
                entry = {"image_id": number, "category_id": names.index(name), "bbox": [x0, y0, x1 - x0, y1 - y0]}
                found["annotations"].append({"id": len(found["annotations"]), **entry})
        (tmp_path / "boxes.json").write_text(json.dumps(found))

    return write


@pytest.fixture
def run_until() -> Callable[[W2cSettings, Path, str], dict[str, StageAccount]]:
    """Runs up to a step and returns what became of the rows, by step."""

    def until(settings: W2cSettings, out: Path, step: str) -> dict[str, StageAccount]:
        pipeline = build_pipeline(settings, out, last=step)
        run(pipeline, out, seed=settings.seed, only=[step], progress=False, max_failed_share=1.0)
        return {account.name: account for account in status(out)}

    return until
