"""Minimal pairs on disk."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scene_world as world
from PIL import Image


def test_training_rows_hold_two_different_pictures_and_two_different_answers(tmp_path: Path) -> None:
    rows = list(world.pair_rows(40, tmp_path))
    assert [r["category"] for r in rows[: len(world.ASKED_CHANGES)]] == [*world.ASKED_CHANGES]
    assert len({r["id"] for r in rows}) == len({r["cluster"] for r in rows}) == 40
    for row in rows:
        assert row["text_x"] != row["text_y"]
        a, b = (np.asarray(Image.open(row[name])) for name in ("image_a", "image_b"))
        assert a.shape == b.shape == (96, 96, 3)
        assert (a != b).any()
        assert 0 < row["changed_share"] < 1


def test_a_coin_decides_which_scene_is_a(tmp_path: Path) -> None:
    said = Counter(r["text_x"] for r in world.pair_rows(40, tmp_path, changes=["presence"]))
    assert min(said["yes"], said["no"]) >= 10


def test_statements_may_tell_the_background(tmp_path: Path) -> None:
    (row,) = world.pair_rows(1, tmp_path, changes=["background"], statements=True)
    assert row["question"] == "Describe the image."
    assert row["text_x"].startswith("The ground is ")
    assert row["changed_share"] == 1


def test_evaluation_rows_ask_one_question_of_both_pictures(tmp_path: Path) -> None:
    rows = list(world.pair_questions(16, tmp_path, changes=["near", "count"]))
    assert len(rows) == 32
    for a, b in zip(rows[::2], rows[1::2], strict=True):
        assert (a["id"], b["id"]) == (f"{a['pair']}/a", f"{a['pair']}/b")
        assert (a["question"], a["cluster"], a["task"]) == (b["question"], b["cluster"], b["task"])
        assert a["answer"] != b["answer"]
        assert Path(a["image"]).read_bytes() != Path(b["image"]).read_bytes()
    assert {r["task"] for r in rows} == {"pair-near", "pair-count"}


def test_seeds_and_splits_share_no_picture(tmp_path: Path) -> None:
    def pictures(split: str, seed: int) -> set[bytes]:
        rows = world.pair_questions(8, tmp_path / f"{split}{seed}", split=split, seed=seed)
        return {Path(row["image"]).read_bytes() for row in rows}

    sets = [pictures("heldout", 0), pictures("heldout", 1), pictures("train", 0)]
    assert len(set.union(*sets)) == sum(map(len, sets)) == 48


def test_the_same_arguments_give_the_same_rows_and_files(tmp_path: Path) -> None:
    first = list(world.pair_rows(8, tmp_path))
    bytes_before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert list(world.pair_rows(8, tmp_path)) == first
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == bytes_before


@pytest.mark.parametrize(("changes", "got"), [(["background"], "background"), (["size"], "size"), ([], "none")])
def test_changes_that_no_question_fits_are_refused(tmp_path: Path, changes: list[str], got: str) -> None:
    with pytest.raises(world.SceneWorldError, match=f"changes must be some of kind, .*, beside; got {got}"):
        next(world.pair_questions(1, tmp_path, changes=changes))
