"""A picture that is replaced under its name: its rows are made anew, those of all others stay."""

import shutil
from pathlib import Path
from typing import Any

import box_space
import pytest
from cvc.evaluation import given_rows
from cvc.pipeline import build_pipeline
from cvc.settings import CvcSettings
from PIL import Image, ImageChops
from shard_runner import read_rows, run


def test_a_replaced_picture_renews_its_instances_and_no_others(
    world: Path, small_settings: CvcSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, out = tmp_path / "images", tmp_path / "run"
    shutil.copytree(world / "images", images)
    settings = small_settings.model_copy(update={"images": images})

    def instances() -> dict[str, Any]:
        run(build_pipeline(settings, out), out, seed=0, only=["question"], progress=False)
        return {row["id"]: (row, (out / row["occluded"]).read_bytes()) for row in read_rows(out, "question")}

    before = instances()
    name = next(iter(before.values()))[0]["image"]
    own = {key for key, (row, _) in before.items() if row["image"] == name}
    _invert(images / name)
    opened: list[str] = []
    really_open = box_space.open_image
    monkeypatch.setattr(
        box_space, "open_image", lambda path, **how: opened.append(str(path)) or really_open(path, **how)
    )
    after = instances()
    assert set(opened) == {name}
    assert after.keys() == before.keys()
    assert {key for key in before if after[key][0] != before[key][0]} == own
    assert {key for key in before if after[key][1] != before[key][1]} == own  # what is hidden, is so in the new one
    assert 0 < len(own) < len(before)


def test_rows_to_learn_from_and_held_out_ones_follow_their_picture(
    finished_run: Path, small_settings: CvcSettings, tmp_path: Path
) -> None:
    stamps = {row["id"]: row["stamp"] for row in read_rows(finished_run, "judge")}
    assert all(stamps.values())
    assert all(row["stamp"] == stamps[row["instance"]] for row in read_rows(finished_run, "mix"))
    own = small_settings.model_copy(update={"eval_data": None, "held_out_share": 0.9})
    shutil.copytree(finished_run, tmp_path / "run")
    run(build_pipeline(own, tmp_path / "run"), tmp_path / "run", seed=0, only=["eval-rows"], progress=False)
    held_out = list(read_rows(tmp_path / "run", "eval-rows"))
    assert held_out
    assert all(row["stamp"] for row in held_out)


def test_a_question_is_asked_again_about_a_replaced_picture_alone(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world, tmp_path / "world")
    questions = given_rows(tmp_path / "world" / "held-out.json")
    before = {row["id"]: row for row in questions.rows()}
    image = Path(next(iter(before.values()))["image"])
    _invert(image)
    changed = {row["image"] for row in questions.rows() if row != before[row["id"]]}
    assert changed == {str(image)}
    image.unlink()
    assert {row["stamp"] for row in questions.rows() if row["image"] == str(image)} == {""}


def _invert(path: Path) -> None:
    ImageChops.invert(Image.open(path).convert("RGB")).save(path)
