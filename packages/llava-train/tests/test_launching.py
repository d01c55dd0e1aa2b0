"""Jobs for several processes, and what is refused before any is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import (
    ACCELERATE_CONFIGS,
    EncodedRow,
    FolderError,
    LaunchError,
    SftSettings,
    accelerate_config,
    check_processes,
    launch,
    load_encoder,
    load_model,
    run_processes,
    train,
)
from llava_train.accelerating import is_first_process
from llava_train.caller_watch import CALLER
from llava_train.collating import collate
from llava_train.imageless_batches import silent_companion, with_companion
from llava_train.launching import read_job, write_job
from PIL import Image

Rows = list[dict[str, Any]]


@pytest.mark.parametrize("name", ACCELERATE_CONFIGS)
def test_configurations_ship_with_the_package(name: str) -> None:
    import yaml

    config = yaml.safe_load(accelerate_config(name).read_text())
    stage = config.get("deepspeed_config", {}).get("zero_stage")
    assert (config["distributed_type"], stage) == {
        "ddp": ("MULTI_GPU", None), "zero2": ("DEEPSPEED", 2), "zero3": ("DEEPSPEED", 3),
    }[name]  # fmt: skip


def test_a_job_comes_back_as_it_was_written_and_is_the_same_training(rows: Rows, tmp_path: Path) -> None:
    settings = SftSettings(model="some/vlm", method="full", augment="mild", projector_rate=1e-5)
    with_paths = [{**rows[0], "images": [Path(rows[0]["images"][0])], "augment": False}, *rows[1:]]
    job = read_job(write_job(tmp_path, settings, with_paths))
    assert (job.settings, job.rows, job.folder) == (settings, [{**rows[0], "augment": False}, *rows[1:]], tmp_path)
    write_job(tmp_path, settings, job.rows)
    with pytest.raises(FolderError, match="rows differ"):
        write_job(tmp_path, settings, rows[:2])


def test_a_file_that_is_no_job_is_refused(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"settings": {}}')
    with pytest.raises(LaunchError, match=r"job.json is no job of llava_train"):
        read_job(tmp_path / "job.json")


def test_what_cannot_start_is_refused_in_one_line(rows: Rows, tmp_path: Path) -> None:
    settings = SftSettings(model="m")
    with pytest.raises(LaunchError, match="one of ddp, zero2, zero3; got 'fsdp'"):
        launch(settings, rows, tmp_path / "a", config="fsdp", processes=2)  # type: ignore[arg-type]
    with pytest.raises(LaunchError, match="processes must be 1 or more; got 0"):
        launch(settings, rows, tmp_path / "b", config="ddp", processes=0)
    with pytest.raises(LaunchError, match="row 'row-0' holds a PIL image; several processes need paths"):
        launch(settings, [{**rows[0], "images": [Image.new("RGB", (4, 4))]}], tmp_path / "c", config="ddp", processes=2)


@pytest.mark.skipif(find_spec("deepspeed") is not None, reason="DeepSpeed is installed")
def test_zero_without_deepspeed_names_what_to_install() -> None:
    with pytest.raises(LaunchError, match="'zero2' needs DeepSpeed; run: pip install deepspeed"):
        run_processes("llava_train", Path("job.json"), config="zero2", processes=2)


def test_fewer_processes_than_asked_for_are_an_error() -> None:
    check_processes(1, is_on_cpu=True)
    check_processes(None, is_on_cpu=True)
    with pytest.raises(LaunchError, match="2 processes must train together; got 1"):
        check_processes(2, is_on_cpu=True)


def test_the_first_process_alone_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert is_first_process()
    monkeypatch.setenv("RANK", "1")
    assert not is_first_process()


def test_a_finished_training_is_not_started_again(
    tiny: Path, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SftSettings(model=str(tiny), max_steps=1, batch_size=4, device="cpu", dtype="float32")
    result = train(settings, rows, tmp_path)
    monkeypatch.setattr("llava_train.launching.run_processes", lambda *_, **__: pytest.fail("was started"))
    assert launch(settings, rows, tmp_path, config="ddp", processes=2) == result


def test_the_command_line_prints_a_configuration_and_refuses_a_broken_job(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "llava_train", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))

    assert run("config", "zero2").stdout.strip() == str(accelerate_config("zero2"))
    broken = run("train", str(tmp_path / "none.json"))
    assert (broken.returncode, broken.stderr.count("\n")) == (1, 1)
    assert "is no job of llava_train" in broken.stderr


def test_a_batch_without_images_gets_a_silent_companion_that_changes_no_loss(tiny: Path, rows: Rows) -> None:
    settings = SftSettings(model=str(tiny))
    encoder = load_encoder(settings)
    plain = {"id": "p", "messages": [{"role": "user", "content": "one ?"}, {"role": "assistant", "content": "two"}]}
    assert silent_companion([plain], encoder) is None
    companion = silent_companion([plain, *rows], encoder)
    batch = [encoder.encode(plain)]
    together = with_companion(batch, companion)
    assert len(together) == 2
    assert len(with_companion([*batch, encoder.encode(rows[1])], companion)) == 2
    assert len(with_companion(batch, None)) == 1
    losses: list[float] = []
    for encoded in (batch, together):
        inputs = collate(encoded, pad_id=0)
        assert float(inputs.pop("loss_weights").sum()) == len(answer_of(encoded[0]))
        with torch.no_grad():
            losses.append(float(load_model(settings.model, "float32").eval()(**inputs).loss))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def answer_of(row: EncodedRow) -> list[int]:
    return [label for label in row.labels if label != -100]


def test_a_process_ends_with_its_caller_and_without_one_goes_on() -> None:
    code = "import sys, time; from llava_train.caller_watch import end_with_caller; end_with_caller(every_s=0.01); "
    sleeper = [sys.executable, "-c", code + "print('on', flush=True); time.sleep(float(sys.argv[1]))"]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as caller:
        with_caller = os.environ | {CALLER: str(caller.pid)}
        with subprocess.Popen([*sleeper, "60"], env=with_caller, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert process.poll() is None
            caller.kill()
            caller.wait()
            assert process.wait(timeout=30) == -signal.SIGKILL
    alone = {name: value for name, value in os.environ.items() if name != CALLER}
    assert subprocess.run([*sleeper, "0.05"], env=alone, capture_output=True, check=False).returncode == 0
