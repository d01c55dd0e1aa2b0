"""Worlds on disk."""

import json
from pathlib import Path

import numpy as np
import scene_world as world
from PIL import Image
from pycocotools import mask as coco_mask


def test_a_folder_holds_images_captions_and_coco_instances(tmp_path: Path) -> None:
    world.write_folder(tmp_path, 3)
    captions = json.loads((tmp_path / "captions.json").read_text())
    coco = json.loads((tmp_path / "instances.json").read_text())
    assert len(captions) == 6
    assert {c["image"] for c in captions} == {p.name for p in (tmp_path / "images").iterdir()}
    assert {i["file_name"] for i in coco["images"]} == {c["image"] for c in captions}
    for annotation in coco["annotations"]:
        mask = coco_mask.decode(annotation["segmentation"]).astype(bool)
        x, y, w, h = annotation["bbox"]
        assert mask.sum() == annotation["area"] == mask[y : y + h, x : x + w].sum()


def test_the_same_folder_is_written_byte_for_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        world.write_folder(tmp_path / name, 2)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_hidden_rows_carry_a_true_reason_and_a_picture_without_the_thing(tmp_path: Path) -> None:
    rows = list(world.hidden_rows(12, tmp_path))
    assert len({r["id"] for r in rows}) == 12
    for row in rows:
        assert world.judge_reason(row["rationale"], row)
        assert row["rationale"].endswith(f"{row['answer']}.")
        assert (np.asarray(Image.open(row["image"])) == (123, 116, 103)).all(-1).any()


def test_task_and_base_rows_are_chat_rows_of_different_scenes(tmp_path: Path) -> None:
    tasks = list(world.task_rows(2, tmp_path / "tasks"))
    base = list(world.base_rows(20, tmp_path / "base"))
    assert {t["task"] for t in tasks} == {*world.EXAM_TASKS}
    assert len({b["id"] for b in base}) == 20
    for row in base:
        assert [m["role"] for m in row["messages"]] == ["user", "assistant"]
        assert Path(row["images"][0]).exists()


def test_a_folder_may_be_named_by_text(tmp_path: Path) -> None:
    world.write_folder(str(tmp_path / "photos"), 1)
    assert (tmp_path / "photos" / "captions.json").is_file()
