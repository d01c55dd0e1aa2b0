"""A picture that is replaced under its name: its pairs are looked at anew, all others stay."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import svco_loss.pairs
from PIL import Image, ImageChops
from shard_runner import read_rows, run
from svco.evaluation import questions_source
from svco.pairs import pairs_source
from svco.pipeline import build_pipeline
from svco.settings import SvcoRunSettings


def test_a_replaced_picture_renews_its_pairs_and_no_others(
    world: Path, small_settings: SvcoRunSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, out = _copied(world, small_settings, tmp_path), tmp_path / "run"

    def split() -> dict[str, Any]:
        run(build_pipeline(settings, out), out, seed=0, only=["split"], progress=False)
        return {row["id"]: row for row in read_rows(out, "split")}

    before = split()
    image = next(iter(before.values()))["image_b"]
    own = {key for key, row in before.items() if image in (row["image_a"], row["image_b"])}
    _invert(settings.image_root / image)
    opened: list[str] = []
    really_open = svco_loss.pairs.open_pair
    monkeypatch.setattr(
        svco_loss.pairs, "open_pair", lambda pair, root: opened.append(pair.image_b) or really_open(pair, root)
    )
    after = split()
    assert len(opened) == len(own)
    assert {key for key in before if after.get(key) != before[key]} == own
    assert 0 < len(own) < len(before)


def test_a_question_is_asked_again_about_a_replaced_picture_alone(
    world: Path, small_settings: SvcoRunSettings, tmp_path: Path
) -> None:
    questions = questions_source(_copied(world, small_settings, tmp_path))
    before = {row["id"]: row for row in questions.rows()}
    image = next(row["image"] for row in before.values() if row["image"].startswith(str(tmp_path)))
    _invert(Path(image))
    assert {row["image"] for row in questions.rows() if row != before[row["id"]]} == {image}


def test_what_is_missing_or_outside_the_folder_has_no_stamp(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for path in (root / "a.png", tmp_path / "outside.png"):
        Image.new("RGB", (8, 8)).save(path)
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    texts = {"instruction_prompt": "What?", "chosen_response": "A.", "rejected_response": "B."}
    others = ["none.png", "../outside.png", "link.png", "a\0b"]
    rows = [texts | {"chosen_images": ["a.png"], "rejected_images": [name]} for name in others]
    (root / "mvc.json").write_text(json.dumps([*rows, "junk"]))
    found = list(pairs_source(SvcoRunSettings(data=root / "mvc.json")).rows())
    assert [bool(row["stamp_a"]) for row in found] == [not row["malformed"] for row in found]
    assert {row["stamp_b"] for row in found} == {""}


def _copied(world: Path, settings: SvcoRunSettings, folder: Path) -> SvcoRunSettings:
    """Settings for a copy of the world."""
    shutil.copytree(world, folder / "world")
    names = ("data", "validation_data", "eval_data")
    return settings.model_copy(update={name: folder / "world" / getattr(settings, name).name for name in names})


def _invert(path: Path) -> None:
    ImageChops.invert(Image.open(path).convert("RGB")).save(path)
