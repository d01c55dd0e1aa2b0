"""A tiny drawn world and runs on it, made once for all tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from cvc.demo import run_settings
from cvc.settings import CvcSettings
from cvc.world import WorldSize, world_settings, write_world

SMALL = WorldSize(scenes=14, base=12, completion=8, per_task=1, steps=3)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Two processes on two cores are faster with one thread each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn world of 14 scenes."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, SMALL, 0)
    return folder


@pytest.fixture(scope="session")
def small_settings(world: Path) -> CvcSettings:
    """Settings for it: four short trials, every right rationale is kept."""
    return world_settings(world, SMALL, 0, n=4, max_new_tokens=24, max_right=4)


@pytest.fixture(scope="session")
def finished_run(small_settings: CvcSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the whole pipeline on it."""
    out = tmp_path_factory.mktemp("run")
    run_settings(small_settings, out, progress=False)
    return out


@pytest.fixture(scope="session")
def copy_instances(finished_run: Path) -> Callable[[Path], Path]:
    """Copies what that run holds up to its instances with their questions, and returns the copy."""
    later = shutil.ignore_patterns(
        "trials", "judge", "mix", "export", "train", "eval", "answers-*", "grades-*", "eval-rows", ".lock"
    )
    return lambda folder: Path(shutil.copytree(finished_run, folder, ignore=later))


@pytest.fixture
def with_instances(copy_instances: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A run folder whose next step is `trials`."""
    return copy_instances(tmp_path / "run")
