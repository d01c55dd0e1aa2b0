"""Killed in the middle of the maps, the same command goes on and ends with the same bytes."""

import signal
from pathlib import Path
from typing import Any

import pytest
from chain_of_spot.settings import CosSettings
from shard_runner import status

CODE = """
import sys
from pathlib import Path
import roi_attention.relevance
import transformers.models.llava.modeling_llava
import trial_sampler.hf.loading
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.settings import CosSettings
from shard_runner.cli import run_by_settings
settings = CosSettings.model_validate_json(Path(sys.argv[1]).read_text())
def run(out):
    pipeline = build_pipeline(settings, Path(out))
    run_by_settings(pipeline, Path(out), settings=settings, only=["export"], progress=False)
"""


@pytest.mark.slow
def test_a_killed_run_ends_with_the_bytes_of_an_unbroken_one(
    small_settings: CosSettings, tmp_path: Path, forked_runs: Any
) -> None:
    settings = small_settings.model_copy(update={"map_batch": 1, "controls": [], "eval_data": None})
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    runs = forked_runs(CODE, tmp_path / "settings.json")
    assert runs.run(whole) == 0
    ended = runs.kill_when(lambda out: any(path.stat().st_size for path in out.glob("maps*/part-*.jsonl")), killed)
    assert ended == -signal.SIGKILL
    assert not all(account.finished for account in status(killed))
    assert runs.run(killed) == 0
    for name in ("maps/part-00000.parquet", "annotate/part-00000.parquet", "export/annotations.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
