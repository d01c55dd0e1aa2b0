"""The whole method on a tiny world: every row accounted for, files for others, the same pictures in both uses."""

import json
from pathlib import Path

import numpy as np
import pytest
from box_space import Box, OriginalPixels, open_image
from chain_of_spot.demo import run_settings
from chain_of_spot.evaluation import load_contrasts
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.report import read_map_scores
from chain_of_spot.settings import CosSettings
from llava_train import llava_to_messages
from roi_attention import row_to_map
from roi_attention.zoom import ask, read_mix, read_params, row_to_annotation
from shard_runner import Stage, read_rows, status
from transformers import AutoProcessor


def test_every_row_is_accounted_for_and_every_question_has_a_region(finished_run: Path) -> None:
    accounts = {account.name: account for account in status(finished_run)}
    assert all(account.adds_up and account.finished for account in accounts.values())
    assert accounts["questions"].rows_out == accounts["maps"].rows_out == accounts["dialogues"].rows_out == 12
    for row in read_rows(finished_run, "annotate"):
        x0, y0, x1, y1 = row["box_xyxy_px"]
        assert (x1 - x0, y1 - y0) == (96, 96)
        assert 0 <= x0 <= 96
        assert 0 <= y0 <= 96
        assert row_to_map(row["map"]).shares().sum() == pytest.approx(1)
        assert 0 < row["map"]["first_order_share"] <= 1


def test_the_crop_of_a_training_row_is_the_one_that_is_shown_when_asked(
    finished_run: Path, small_settings: CosSettings
) -> None:
    zoom = small_settings.zoom(AutoProcessor.from_pretrained(str(small_settings.model)))
    annotated = {row["id"]: row for row in read_rows(finished_run, "annotate")}
    for dialogue in list(read_rows(finished_run, "dialogues"))[:3]:
        row = annotated[dialogue["id"]]
        said = iter([dialogue["messages"][1]["content"][0]["text"], "an answer"])
        image = small_settings.image_root / row["image"]
        looked = ask(lambda asked, said=said: [next(said)], image, row["question"], settings=zoom)
        assert looked.where.verdict == "ok"
        assert np.array_equal(looked.crop, open_image(dialogue["images"][1]))
        asked = [message["content"] for message in looked.messages]
        learned = [[{k: v for k, v in part.items() if v} for part in m["content"]] for m in dialogue["messages"][:3]]
        assert asked == learned


def test_regions_and_dialogues_are_files_that_others_read(
    finished_run: Path, small_settings: CosSettings, world: Path
) -> None:
    folder = finished_run / "export"
    annotations = [row_to_annotation(row) for row in json.loads((folder / "annotations.json").read_text())]
    mix = read_mix(json.loads((world / "mix.json").read_text()), dataset="mix")
    assert [one.key for one in annotations] == [question.key for question in mix.questions]
    published = read_params(mix.questions, folder / "params.json", lambda question: (192, 192))
    assert not published.missed
    assert not published.refused
    assert all(published.boxes[one.key] == one.box for one in annotations)
    dialogues = json.loads((folder / "dialogues.json").read_text())
    assert [turn["from"] for turn in dialogues[0]["conversations"]] == ["human", "gpt"] * 2
    messages = llava_to_messages(dialogues[0])["messages"]
    assert sum(part["type"] == "image" for message in messages for part in message["content"]) == 2


def test_the_method_is_compared_with_before_and_with_every_control(finished_run: Path) -> None:
    found = load_contrasts(finished_run)
    assert list(found) == ["before", "before-zoom", "after-plain", "random", "plain"]
    for lines in found.values():
        assert lines[0].task == "small signs"
        assert lines[0].n == 3
        assert lines[-1].task == "all questions"
    answers = list(read_rows(finished_run, "answers-after"))
    assert all(row["where_text"] and row["box_reading"] and len(row["box_xyxy_px"]) == 4 for row in answers)


def test_maps_are_scored_by_the_true_boxes_of_the_data(finished_run: Path) -> None:
    scores = read_map_scores(finished_run)
    assert scores["pointing"]["n"] == scores["regions"]["n"] == 6
    assert all(0 <= scores[name][kind] <= 1 for name in scores for kind in ("share", "random", "centre"))


def test_a_control_shows_other_places_and_the_plain_one_no_crop(finished_run: Path) -> None:
    own, random = (
        {row["id"]: row for row in read_rows(finished_run, name)} for name in ("dialogues", "dialogues-random")
    )
    moved = [own[name]["box_xyxy_px"] != random[name]["box_xyxy_px"] for name in own]
    assert sum(moved) >= 9
    for name, row in random.items():
        a, b = (Box(*one["box_xyxy_px"], space=OriginalPixels(192, 192)) for one in (own[name], row))
        assert a.area == pytest.approx(b.area)
    plain = list(read_rows(finished_run, "dialogues-plain"))
    assert all(len(row["images"]) == 1 and len(row["messages"]) == 2 for row in plain)


def test_a_finished_run_does_nothing_again(finished_run: Path, small_settings: CosSettings) -> None:
    files = {path: path.stat().st_mtime_ns for path in finished_run.rglob("*.parquet")}
    weights = (finished_run / "train" / "model" / "model.safetensors").stat().st_mtime_ns
    run_settings(small_settings, finished_run, progress=False)
    assert {path: path.stat().st_mtime_ns for path in finished_run.rglob("*.parquet")} == files
    assert (finished_run / "train" / "model" / "model.safetensors").stat().st_mtime_ns == weights


@pytest.mark.parametrize(("name", "turns"), [("answers-before", 1), ("answers-after", 2)])
def test_the_ledger_has_the_tokens_of_every_trial(
    finished_run: Path, small_settings: CosSettings, written_tokens: list[int], name: str, turns: int
) -> None:
    rows = list(read_rows(finished_run, "eval-questions"))
    [stage] = [step for step in build_pipeline(small_settings, finished_run) if step.name == name]
    assert isinstance(stage, Stage)
    outcomes = stage.make()(rows)
    assert len(written_tokens) == turns * len(rows)
    assert sum(outcome.tokens for outcome in outcomes) == sum(written_tokens)  # type: ignore[union-attr]
    [account] = [account for account in status(finished_run) if account.name == name]
    assert account.tokens == sum(written_tokens) > 0


@pytest.mark.parametrize("name", ["answers-before", "answers-after"])
def test_an_answer_that_was_cut_off_is_marked(finished_run: Path, small_settings: CosSettings, name: str) -> None:
    whole = [row["trials"][0]["finish_reason"] for row in read_rows(finished_run, name)]
    assert set(whole) <= {"stop", "length"}
    assert "stop" in whole
    short = small_settings.model_copy(update={"max_new_tokens": 1})
    [stage] = [step for step in build_pipeline(short, finished_run) if step.name == name]
    assert isinstance(stage, Stage)
    outcomes = stage.make()(list(read_rows(finished_run, "eval-questions"))[:2])
    assert [outcome.rows[0]["trials"][0]["finish_reason"] for outcome in outcomes] == ["length"] * 2  # type: ignore[union-attr]
