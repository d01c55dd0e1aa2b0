import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from shard_runner import status

from .run_files import run_files

SCRIPT = Path(__file__).with_name("killed_pipeline.py")


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("unkilled")
    subprocess.run([sys.executable, SCRIPT, "slowly", folder], check=True)
    accounts = {account.name: account for account in status(folder / "run")}
    assert accounts["fan"].failed == {"ValueError": 1}
    assert accounts["fan"].dropped == {"five": 5}
    assert accounts["first"].dropped["seen"] > 0
    return run_files(folder / "run")


@pytest.mark.parametrize(("start", "stride"), [(2, 15), pytest.param(1, 1, marks=pytest.mark.slow)])
def test_a_run_killed_at_its_steps_towards_the_disk_ends_with_the_same_bytes(
    tmp_path: Path, unkilled: dict[str, bytes], start: int, stride: int
) -> None:
    command = [sys.executable, SCRIPT, "at-events", tmp_path, str(start), str(stride)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    kills = int(done.stdout)
    assert kills >= 5
    assert run_files(tmp_path / "run") == unkilled
    calls = Counter((tmp_path / "calls.txt").read_text().splitlines())
    assert sum(calls.values()) - len(calls) <= 3 * kills  # at most the batch that was under way


def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(tmp_path: Path, unkilled: dict[str, bytes]) -> None:
    moments = random.Random(0)
    for _ in range(2):
        process = subprocess.Popen([sys.executable, SCRIPT, "slowly", tmp_path])
        while not (tmp_path / "calls.txt").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 0.4))
        process.kill()
        process.wait()
    subprocess.run([sys.executable, SCRIPT, "slowly", tmp_path], check=True)
    assert run_files(tmp_path / "run") == unkilled
