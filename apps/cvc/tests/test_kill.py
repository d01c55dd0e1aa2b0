import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cvc.settings import CvcSettings
from shard_runner import status


def files(out: Path) -> dict[str, bytes]:
    """All files of a run but the lock and what tells when and for how long it ran."""
    skipped = {"seconds.json", ".lock", "run.json"}
    found = sorted(path for path in out.rglob("*") if path.is_file() and path.name not in skipped)
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    "changes", [{}, pytest.param({"adaptive": True, "n": 8, "max_right": 2}, marks=pytest.mark.slow, id="adaptive")]
)
def test_killed_in_every_stage_before_training_the_same_command_ends_with_the_same_bytes(
    changes: dict[str, Any], small_settings: CvcSettings, tmp_path: Path
) -> None:
    settings = CvcSettings(**(small_settings.model_dump() | changes))
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    script = Path(__file__).with_name("killed_run.py")
    arguments = [sys.executable, script, tmp_path / "settings.json", whole, killed]
    done = subprocess.run(
        list(map(str, arguments)),
        capture_output=True,
        text=True,
        timeout=180,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert files(killed) == files(whole)
    assert next(account for account in status(killed) if account.name == "mix").rows_out > 0
