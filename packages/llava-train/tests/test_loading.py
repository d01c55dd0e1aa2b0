"""Workers that make batches, and the account of what waiting for them costs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate.data_loader import BatchSamplerShard, DataLoaderShard, skip_first_batches
from llava_train import Loading, SettingsError, SftSettings, run_folder, train
from llava_train.grouping import GroupedRows
from llava_train.loading import LoadingClock, TimedCollator, TimedLoading
from torch.utils.data import BatchSampler

Rows = list[dict[str, Any]]


@pytest.fixture
def settings(tiny: Path) -> SftSettings:
    """Two epochs of four batches with dropout, in two batches a step."""
    return SftSettings(
        model=str(tiny), learning_rate=2e-2, epochs=2, batch_size=2, gradient_accumulation=2, lora_dropout=0.3,
        save_every=1, device="cpu", dtype="float32",
    )  # fmt: skip


def test_workers_make_the_same_batches_and_a_killed_run_may_change_them(
    settings: SftSettings,
    rows: Rows,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    alone = train(settings, rows, tmp_path / "alone")
    helped = train(replace(settings, workers=2), rows, tmp_path / "helped")
    assert helped.losses == alone.losses
    for result, workers in ((alone, 0), (helped, 2)):
        assert result.loading.workers == workers
        assert 0 < result.loading.waited_share < 1
        assert result.loading.steps_s > 0
    assert alone.loading.busy_share is None
    assert helped.loading.busy_share is not None
    assert 0 < helped.loading.busy_share < 1
    assert train(settings, rows, tmp_path / "alone").loading == alone.loading
    written = json.loads((tmp_path / "alone" / "result.json").read_text(encoding="utf-8"))
    assert Loading(**written["loading"]) == alone.loading

    def stop_at_the_third(checkpoint: Path) -> None:
        run_folder.mark_complete(checkpoint)
        if checkpoint.name == "checkpoint-3":
            raise KeyboardInterrupt

    monkeypatch.setattr("llava_train.whole_checkpoints.mark_complete", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        train(settings, rows, tmp_path / "broken")
    assert train(replace(settings, workers=1), rows, tmp_path / "broken").losses == alone.losses
    assert "".join(capfd.readouterr()) == ""


def test_the_clock_adds_up_steps_waiting_and_encoding() -> None:
    times = iter([0.0, 0.0, 2.0, 3.0, 4.0, 10.0, 20.0, 20.0, 21.0, 25.0])
    clock = LoadingClock(2, now=lambda: next(times))
    batches = iter([{"x": 1, "encode_seconds": 1.5}, {"x": 2, "encode_seconds": 2.5}, {"x": 3, "encode_seconds": 2.0}])
    step = clock.waiting(batches)  # begins at 0; waits from 0 to 2 and from 3 to 4
    assert [next(step), next(step)] == [{"x": 1}, {"x": 2}]
    clock.end_step()  # at 10
    assert next(clock.waiting(batches)) == {"x": 3}  # begins at 20; waits from 20 to 21
    clock.end_step()  # at 25
    clock.end_step()
    assert clock.read() == Loading(workers=2, steps_s=15.0, waited_share=4 / 15, busy_share=6 / 30)


def test_a_clock_without_steps_reads_zero() -> None:
    assert LoadingClock(0).read() == Loading(0, 0.0, 0.0, None)
    assert LoadingClock(3).read() == Loading(3, 0.0, 0.0, 0.0)


def test_a_timed_collator_adds_its_seconds_alone() -> None:
    batch = TimedCollator(lambda rows: {"rows": rows})([1, 2])
    assert batch.pop("encode_seconds") >= 0
    assert batch == {"rows": [1, 2]}


def test_a_later_epoch_resumed_on_two_devices_has_its_own_order() -> None:
    lengths = [k % 7 for k in range(16)]
    rows = GroupedRows(lengths, None, group_size=4, seed=0)
    shard = BatchSamplerShard(BatchSampler(rows, batch_size=2, drop_last=False), num_processes=2, process_index=1)

    class Trainer:
        args = type("Args", (), {"seed": 0})

        def get_train_dataloader(self) -> Any:
            return DataLoaderShard(list(range(16)), batch_sampler=shard, collate_fn=list)

    class Timed(TimedLoading, Trainer):
        pass

    loader = skip_first_batches(Timed().get_train_dataloader(), 1)
    loader.set_epoch(2)
    expected = GroupedRows(lengths, None, group_size=4, seed=0)
    expected.set_epoch(2)
    order = list(expected)
    assert list(loader) == [order[start : start + 2] for start in (6, 10, 14)]


def test_a_negative_number_of_workers_is_refused() -> None:
    with pytest.raises(SettingsError, match="workers must be 0 or more; got -1"):
        SftSettings(model="m", workers=-1)
