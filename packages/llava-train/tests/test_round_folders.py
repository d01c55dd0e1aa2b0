"""Rounds on disk: whose weights a folder started from, what is taken over, the file of all rounds, the split."""

import os
from pathlib import Path

import pytest
from llava_train import Evaluation, FolderError, RoundRecord, Rounds, measure_collapse
from llava_train.round_folders import load_rounds, open_round_folder, round_folder, save_rounds
from llava_train.validation_split import is_validation, split_rows


def weights(folder: Path, training: str) -> str:
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "weights").write_bytes(b"0" * 8)
    (folder / "run.json").write_text(training)
    return str(folder / "model")


def test_a_later_round_takes_over_what_round_1_prepared_as_links(tmp_path: Path) -> None:
    prepared = round_folder(tmp_path, 1) / "pictures"
    prepared.mkdir(parents=True)
    (prepared / "a.png").write_bytes(b"a picture")
    folder = open_round_folder(tmp_path, 2, weights(tmp_path / "train", "rate 1"), carried=["pictures", "absent"])
    assert sorted(path.name for path in folder.iterdir()) == ["pictures", "start.json"]
    assert os.path.samefile(folder / "pictures" / "a.png", prepared / "a.png")


def test_a_folder_is_kept_for_the_same_weights_and_emptied_for_retrained_ones_of_the_same_size(tmp_path: Path) -> None:
    folder = open_round_folder(tmp_path, 2, weights(tmp_path / "train", "rate 1"))
    (folder / "trials").write_text("worked on")
    assert (open_round_folder(tmp_path, 2, weights(tmp_path / "train", "rate 1")) / "trials").exists()
    assert not (open_round_folder(tmp_path, 2, weights(tmp_path / "train", "rate 2")) / "trials").exists()


def test_what_a_kill_left_half_made_is_made_anew(tmp_path: Path) -> None:
    for leftover in ("round-2.next", "round-2.old"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / "half").touch()
    folder = open_round_folder(tmp_path, 2, weights(tmp_path / "train", "rate 1"))
    assert [path.name for path in tmp_path.glob("round-2*")] == [folder.name]
    assert [path.name for path in folder.iterdir()] == ["start.json"]


def test_a_folder_that_no_round_made_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "round-2").mkdir()
    (tmp_path / "round-2" / "mine").touch()
    with pytest.raises(FolderError, match="was not made by a run in rounds"):
        open_round_folder(tmp_path, 2, "a/model")
    assert (tmp_path / "round-2" / "mine").exists()


def test_rounds_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    details = {"validation": {"n": 4, "interval": [0.1, 0.9]}}
    later = RoundRecord(1, "m", Evaluation(0.5, 0.25, details), 3, {"kept": 3}, measure_collapse([["a", "b"]]))
    found = Rounds((RoundRecord(0, "base", Evaluation(0.25)), later), "all 1 rounds are done.")
    assert load_rounds(tmp_path) is None
    save_rounds(found, tmp_path)
    assert load_rounds(tmp_path) == found


@pytest.mark.parametrize("text", ['{"rounds": [', "[]", '{"rounds": [], "stopped": ""}'])
def test_a_file_that_is_torn_or_without_rounds_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "rounds.json").write_text(text)
    with pytest.raises(FolderError, match=r"rounds\.json holds no rounds"):
        load_rounds(tmp_path)


def test_rows_of_one_cluster_are_on_one_side_and_the_share_is_about_what_was_asked() -> None:
    rows = [{"id": k, "cluster": f"image {k // 2}"} for k in range(4000)]
    found = split_rows(rows, share=0.3, seed=1)
    sides = {name: {row["cluster"] for row in some} for name, some in found.items()}
    assert not sides["validation"] & sides["test"]
    assert 0.26 < len(sides["validation"]) / 2000 < 0.34
    assert split_rows(rows, share=None, seed=1) == {"validation": [], "test": rows}
    assert {is_validation("image 0", share=0.5, seed=seed) for seed in range(20)} == {True, False}
