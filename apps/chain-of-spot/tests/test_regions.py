"""Regions from a file, questions without a region, and bad rows among good ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from box_space import Box, OriginalPixels, open_image
from chain_of_spot.annotating import annotate_stage
from chain_of_spot.errors import InputError
from chain_of_spot.exporting import ANNOTATIONS, MAP_SCORES
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.questions import read_json_rows
from chain_of_spot.settings import CosSettings
from chain_of_spot.spots import map_card
from PIL import Image
from roi_attention.zoom import Annotation, annotation_to_row
from shard_runner import read_rows, run, status


def conversation(question: str, answer: str = "yes") -> list[dict[str, str]]:
    return [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]


def settings_of(folder: Path, rows: list[Any], **changes: Any) -> CosSettings:
    (folder / "mix.json").write_text(json.dumps(rows))
    values = {"data": folder / "mix.json", "model": "tiny", "device": "cpu", "digits": 2, "sides": [0.5], "mass": 0.2}
    return CosSettings(**(values | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.effect_noise((120, 80), 60).convert("RGB").save(tmp_path / "wide.png")
    Image.effect_noise((64, 64), 60).convert("RGB").save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "torn.png").read_bytes()[:900])
    return tmp_path


def run_until(settings: CosSettings, out: Path, step: str) -> dict[str, Any]:
    run(build_pipeline(settings, out), out, seed=0, only=[step], progress=False, max_failed_share=1.0)
    return {account.name: account for account in status(out)}


def test_bad_rows_get_their_reasons_and_their_neighbours_are_unharmed(folder: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "image": "wide.png", "conversations": conversation("Is it \u202etwisted\u202c 🦆?")},
        {"id": "2", "image": "torn.png", "conversations": conversation("Is it torn?")},
        {"id": "3", "image": "none.png", "conversations": conversation("Is it there?")},
        {"id": "4", "image": "../wide.png", "conversations": conversation("Is it outside?")},
        {"id": "5", "image": "wide.png", "conversations": conversation("")},
        {"id": "6", "image": ["wide.png", "wide.png"], "conversations": conversation("Which?")},
        {"id": "7", "image": "wide.png", "conversations": []},
        "junk",
        {"id": "8", "conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]},
    ]
    out = tmp_path / "run"
    accounts = run_until(settings_of(folder, rows, map_batch=2), out, "export")
    assert accounts["maps"].failed == {"truncated": 1, "missing": 1, "outside_root": 1}
    assert accounts["maps"].dropped == {"no_question": 1, "several_images": 1, "empty_conversation": 1, "row_form": 1}
    assert all(account.adds_up for account in accounts.values())
    (kept,) = read_rows(out, "dialogues")
    assert open_image(kept["images"][0]).size == (120, 120)  # on its square canvas
    assert json.loads((out / "export" / "dialogues.json").read_text())[-1]["conversations"][0]["value"] == "Hello"


@pytest.mark.parametrize(("choice", "kinds"), [("whole", ["zoom"]), ("plain", ["plain"]), ("drop", [])])
def test_a_question_without_a_region_is_what_the_setting_says(
    choice: str, kinds: list[str], folder: Path, tmp_path: Path
) -> None:
    (folder / "params.json").write_text("{}")
    rows = [{"id": "1", "image": "wide.png", "conversations": conversation("Is it noise?")}]
    settings = settings_of(folder, rows, boxes=folder / "params.json", no_region=choice)
    accounts = run_until(settings, tmp_path / "run", "dialogues")
    assert "maps" not in accounts
    assert [row["kind"] for row in read_rows(tmp_path / "run", "dialogues")] == kinds
    assert accounts["annotate"].dropped == ({"no_region": 1} if choice == "drop" else {})


def test_published_squares_and_own_annotations_give_the_same_region(folder: Path, tmp_path: Path) -> None:
    rows = [{"id": "a/1", "image": "wide.png", "conversations": conversation("Is it noise?")}]
    (folder / "params.json").write_text(json.dumps({"000000_a_1_q0": {"params": [10, 20, 40]}}))
    box = Box(20, 10, 60, 50, OriginalPixels(120, 80))
    own = [annotation_to_row(Annotation.of("mix", "a/1", "Is it noise?", box))]
    (folder / ANNOTATIONS).write_text(json.dumps(own))
    for name in ("params.json", ANNOTATIONS):
        run_until(settings_of(folder, rows, boxes=folder / name), tmp_path / f"run-{name}", "annotate")
        (row,) = read_rows(tmp_path / f"run-{name}", "annotate")
        assert row["box_xyxy_px"] == [20, 10, 60, 50]


def test_a_bad_box_in_the_file_fails_its_row_alone(folder: Path, tmp_path: Path) -> None:
    rows = [{"id": str(k), "image": "wide.png", "conversations": conversation(f"Is it {k}?")} for k in range(2)]
    entries = {"000000_0_q0": {"params": ["ten", 0, 5]}, "000001_1_q0": {"params": [0, 0, 40]}}
    (folder / "params.json").write_text(json.dumps(entries))
    settings = settings_of(folder, rows, boxes=folder / "params.json")
    assert run_until(settings, tmp_path / "run", "annotate")["annotate"].failed == {"bad_box": 1}
    assert len(list(read_rows(tmp_path / "run", "annotate"))) == 1


def test_a_file_of_regions_that_is_none_is_an_error_with_its_name(folder: Path) -> None:
    (folder / "boxes.json").write_text('[{"key": "x"}]')
    settings = settings_of(folder, [], boxes=folder / "boxes.json")
    row = {"skipped": "", "image": "wide.png", "id": "x", "index": 0, "row_id": "x", "turn": 0}
    with pytest.raises(InputError, match=r"boxes\.json holds no regions"):
        annotate_stage(settings).make()([row])


@pytest.mark.parametrize(("text", "words"), [("[{", "not valid JSON"), ("[]", "holds no rows"), ("", "holds no rows")])
def test_a_mix_that_cannot_be_read_is_an_error_of_one_line(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "mix.json").write_text(text)
    with pytest.raises(InputError, match=words):
        read_json_rows(tmp_path / "mix.json")


@pytest.mark.parametrize("from_file", [False, True])
def test_true_boxes_that_are_none_drop_their_row_alone(from_file: bool, folder: Path, tmp_path: Path) -> None:
    nan = float("nan")
    good = [[[0, 0, 60, 40]], [[100, 60, 140, 90.5]], [], None]  # one reaches over the edge
    bad = [
        [[nan, 0, 9, 9]],
        [[60, 0, 10, 40]],
        [[1, 2, 3]],
        "junk",
        [[0, 0, 10**400, 9]],
        [[0, 0, True, 9]],
        [[5, 5, 5, 9]],
    ]
    beside = [[[0, 0, 9, 9], [120, 0, 130, 9]], [[-9, 0, 0, 9]]]
    rows = [
        {"id": str(number), "image": "wide.png", "conversations": conversation("Is it?"), "boxes": boxes}
        for number, boxes in enumerate([*good, *bad, *beside])
    ]
    (folder / "params.json").write_text("{}")
    settings = settings_of(folder, rows, **({"boxes": folder / "params.json"} if from_file else {}))
    accounts = run_until(settings, tmp_path / "run", "export")
    assert accounts["annotate" if from_file else "maps"].dropped == {"bad_boxes": len(bad) + len(beside)}
    kept = list(read_rows(tmp_path / "run", "annotate"))
    assert [row["row_id"] for row in kept] == ["0", "1", "2", "3"]
    assert {(row["width"], row["height"]) for row in kept} == {(120, 80)}
    scores = json.loads((tmp_path / "run" / "export" / MAP_SCORES).read_text())
    assert scores == {} if from_file else scores["pointing"]["n"] == 2
    assert all(map_card(row, folder).image is not None for row in kept)


def test_json_lines_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "mix.jsonl").write_text('{"id": 1}\n\n{"id": 2}\n')
    assert [row["id"] for row in read_json_rows(tmp_path / "mix.jsonl")] == [1, 2]


def test_rows_without_an_image_are_trained_on_unless_told_otherwise(folder: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "image": "wide.png", "conversations": conversation("Is it noise?")},
        {"id": "2", "conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]},
    ]
    shared = {"max_steps": 1, "batch_size": 2, "gradient_checkpointing": False, "boxes": folder / "params.json"}
    (folder / "params.json").write_text("{}")
    learned: list[str] = []
    for text_rows in (True, False):
        out = tmp_path / f"run-{text_rows}"
        accounts = run_until(settings_of(folder, rows, text_rows=text_rows, **shared), out, "train")
        assert accounts["texts"].rows_out == text_rows
        assert json.loads((out / "train" / "refused.json").read_text()) == []
        learned.append(json.loads((out / "train" / "run.json").read_text())["rows"])
    assert learned[0] != learned[1]
