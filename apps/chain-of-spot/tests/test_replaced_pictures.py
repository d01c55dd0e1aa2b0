"""A picture that is replaced under its name: its questions are worked on anew, all others stay."""

import json
import shutil
from pathlib import Path
from typing import Any

import box_space
import pytest
from chain_of_spot.evaluation import eval_source
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.questions import questions_source
from chain_of_spot.settings import CosSettings
from PIL import Image
from shard_runner import read_rows, run


def test_a_replaced_picture_renews_its_dialogues_and_no_others(
    world: Path, small_settings: CosSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pictures are learned from as they are, without a crop: nothing but the stamp tells the new one
    changes = {"frame": "whole", "form": "qwen", "mass": 1.0, "sides": [0.25], "no_region": "plain"}
    settings, out = _copied(world, small_settings, tmp_path).model_copy(update=changes), tmp_path / "run"

    def dialogues() -> dict[str, Any]:
        run(build_pipeline(settings, out), out, seed=0, only=["dialogues"], progress=False)
        return {row["id"]: row for row in read_rows(out, "dialogues")}

    before = dialogues()
    assert {row["kind"] for row in before.values()} == {"plain"}
    image = next(iter(before.values()))["images"][0]
    own = {key for key, row in before.items() if row["images"][0] == image}
    _change_a_pixel(Path(image))
    opened: list[str] = []
    really_open = box_space.open_image
    monkeypatch.setattr(
        box_space, "open_image", lambda path, **how: opened.append(str(path)) or really_open(path, **how)
    )
    after = dialogues()
    assert {str(settings.image_root / name) for name in opened} == {image}
    assert {key for key in before if after[key] != before[key]} == own
    assert 0 < len(own) < len(before)


def test_a_question_is_asked_again_about_a_replaced_picture_alone(
    world: Path, small_settings: CosSettings, tmp_path: Path
) -> None:
    questions = eval_source(_copied(world, small_settings, tmp_path))
    before = {row["id"]: row for row in questions.rows()}
    image = next(iter(before.values()))["image"]
    _change_a_pixel(Path(image))
    assert {row["image"] for row in questions.rows() if row != before[row["id"]]} == {image}


def test_what_is_missing_or_outside_the_folder_has_no_stamp(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for path in (root / "a.png", tmp_path / "outside.png"):
        Image.new("RGB", (8, 8)).save(path)
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A."}]
    names = ["a.png", "none.png", "../outside.png", "link.png", "a\0b"]
    rows = [{"id": str(number), "image": name, "conversations": turns} for number, name in enumerate(names)]
    (root / "mix.json").write_text(json.dumps([*rows, "junk"]))
    found = {row["image"]: row["stamp"] for row in questions_source(CosSettings(data=root / "mix.json")).rows()}
    assert found.pop("a.png")
    assert set(found.values()) == {""}


def _copied(world: Path, settings: CosSettings, folder: Path) -> CosSettings:
    """Settings for a copy of the world."""
    shutil.copytree(world, folder / "world")
    return settings.model_copy(
        update={"data": folder / "world" / "mix.json", "eval_data": folder / "world" / "questions.json"}
    )


def _change_a_pixel(path: Path) -> None:
    image = Image.open(path).convert("RGB")
    red, green, blue = image.getpixel((0, 0))  # type: ignore[misc]
    image.putpixel((0, 0), (255 - red, green, blue))
    image.save(path)
