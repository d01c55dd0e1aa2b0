"""Killed in the middle of the captions, the same command goes on and ends with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shard_runner import status
from world2code.settings import W2cSettings

CODE = """
import sys
from pathlib import Path
from shard_runner.cli import run_by_settings
from world2code.pipeline import build_pipeline
from world2code.settings import W2cSettings
settings, out = W2cSettings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
run_by_settings(build_pipeline(settings, out), out, settings=settings, only=["export"], progress=False)
"""


def start(settings: Path, out: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", CODE, settings, out], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_killed_run_ends_with_the_bytes_of_an_unbroken_one(small_settings: W2cSettings, tmp_path: Path) -> None:
    settings = small_settings.model_copy(update={"images_per_batch": 1, "controls": [], "eval_data": None})
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(tmp_path / "settings.json", whole).wait() == 0
    child = start(tmp_path / "settings.json", killed)
    while child.poll() is None and not any(path.stat().st_size for path in killed.glob("captions*/part-*.jsonl")):
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not all(account.finished for account in status(killed))
    assert start(tmp_path / "settings.json", killed).wait() == 0
    for name in ("validate/part-00000.parquet", "render/part-00000.parquet", "export/codes.json", "export/rows.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
