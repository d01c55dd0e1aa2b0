"""A tiny drawn world and a finished run on it, made once for all tests."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from svco.demo import run_settings
from svco.settings import SvcoRunSettings
from svco.world import WorldSize, world_settings, write_world

SMALL = WorldSize(pairs=10, held_out=6, asked_pairs=8, per_task=1, absent=8, steps=2)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn world of 10 pairs to learn from and 6 held-out ones."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, SMALL, 0)
    return folder


@pytest.fixture(scope="session")
def small_settings(world: Path) -> SvcoRunSettings:
    """Settings for it: two steps of four pairs, with both controls."""
    return world_settings(world, SMALL, 0, batch_size=4, save_every=1, eval_every=1)


@pytest.fixture(scope="session")
def finished_run(small_settings: SvcoRunSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the whole pipeline on it."""
    out = tmp_path_factory.mktemp("run")
    run_settings(small_settings, out, progress=False)
    return out
