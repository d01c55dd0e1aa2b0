"""A tiny drawn world and a finished run on it, made once for all tests."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from chain_of_spot.demo import run_settings
from chain_of_spot.settings import CosSettings
from chain_of_spot.world import WorldSize, world_settings, write_world

SMALL = WorldSize(scenes=6, held_out=3, steps=2)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn world of 6 pictures to learn from and 3 held-out ones."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, SMALL, 0)
    return folder


@pytest.fixture(scope="session")
def small_settings(world: Path) -> CosSettings:
    """Settings for it: two steps of four dialogues, with two controls."""
    return world_settings(world, SMALL, 0, batch_size=4, save_every=1, controls=["random", "plain"])


@pytest.fixture(scope="session")
def finished_run(small_settings: CosSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the whole pipeline on it."""
    out = tmp_path_factory.mktemp("run")
    run_settings(small_settings, out, progress=False)
    return out
