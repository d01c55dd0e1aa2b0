"""The embedded world, and the whole method on it with the real tiny model."""

import json
from pathlib import Path

import pytest
from llava_train import load_rounds
from selfsynthx import run_demo
from selfsynthx.datasets import load_spec, read_labelled
from selfsynthx.report import headline
from selfsynthx.world import FAST, WorldSize, write_world
from shard_runner import read_rows, status


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    run_demo(out, fast=True, progress=False)
    return out


def test_the_world_is_a_labelled_set_with_features_and_truth(tmp_path: Path) -> None:
    write_world(tmp_path, FAST, 3)
    found = read_labelled(tmp_path / "labels.json")
    assert found.counts() == {"train": 8, "validation": 4, "test": 8}
    assert len(found.labels) == FAST.species
    features = json.loads((tmp_path / "concepts.json").read_text())
    truth = json.loads((tmp_path / "truth.json").read_text())
    for row in found.rows:
        assert set(truth[row["id"]]) < set(features[row["label"]])
    assert {len(texts) for texts in features.values()} == {7}
    assert load_spec(tmp_path / "creatures.yaml").noun == "creature"
    written = (tmp_path / "labels.json").stat().st_mtime_ns
    write_world(tmp_path, FAST, 3)
    assert (tmp_path / "labels.json").stat().st_mtime_ns == written


@pytest.mark.slow
@pytest.mark.long
def test_the_demo_goes_through_every_step_of_two_rounds(finished: Path) -> None:
    assert all(account.finished and account.adds_up for account in status(finished))
    found = load_rounds(finished)
    assert found is not None
    assert [record.number for record in found.records] == [0, 1, 2]
    assert (finished / "train-2" / "model" / "model.safetensors").is_file()
    assert "<html" in (finished / "report.html").read_text()[:200]
    assert "best by validation" in headline(finished)


@pytest.mark.slow
@pytest.mark.long
def test_the_tiny_model_sees_parts_uses_notes_and_knows_no_name(finished: Path) -> None:
    learned = list(read_rows(finished, "synthesise"))
    named = [row for row in learned if row["verdict"] == "accepted"]
    assert len(named) >= 0.8 * len(learned)
    base = list(read_rows(finished, "quality-0"))
    assert not any(row["right"] for row in base)
    grounding = [row["grounding"] for row in base if row["grounding"] is not None]
    assert sum(grounding) / len(grounding) > 0.7


def test_a_world_whose_drawing_was_stopped_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    small, large = (WorldSize(species=2, pictures=n, validation=1, held_out=1, rounds=1, steps=1) for n in (2, 3))
    write_world(tmp_path, small, 0)
    monkeypatch.setattr("selfsynthx.world.write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, large, 0)
    assert not (tmp_path / "world.json").exists()
