"""The page and the lines for the terminal."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from code_caption import BoxText
from PIL import Image
from run_report import Gallery, render_report
from shard_runner import LedgerError, read_rows
from world2code import report
from world2code.report import headline, make_report, quality_table
from world2code.report_cards import asked_card, scene_card
from world2code.settings import W2cSettings
from world2code.study import study_seed, study_to_markdown
from world2code.world import WorldSize


def test_the_page_shows_scenes_rules_comparisons_and_questions(finished_run: Path, small_settings: W2cSettings) -> None:
    page = make_report(small_settings, finished_run).read_text(encoding="utf-8")
    for words in (
        "controls accepted",
        "Scenes under each rule",
        "Every model",
        "Against every control",
        "Loss",
        "Scenes to learn from",
        "Held-out questions",
        "class Scene:",
        "train-all-code",
    ):
        assert words in page


def test_the_headline_has_quality_before_and_after_and_every_control(finished_run: Path) -> None:
    text = headline(finished_run)
    for words in ("precision / recall, percent", "all rules", "all questions", "the method against"):
        assert words in text
    assert {line.split()[0] for line in text.splitlines() if line.startswith(("unfiltered", "all-code"))} == {
        "unfiltered",
        "all-code",
    }


def test_rates_are_percent_and_what_is_undefined_is_a_dash(tmp_path: Path) -> None:
    rows = [
        {"rule": "no filter", "kind": "elements", "precision": 0.5, "recall": 1.0},
        {"rule": "no filter", "kind": "counts", "precision": None, "recall": 0.125},
    ]
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "quality.json").write_text(json.dumps(rows))
    assert quality_table(tmp_path) == [
        ("precision / recall, percent", "elements", "counts"),
        ("no filter", "50.0 / 100.0", "– / 12.5"),
    ]
    assert "Nothing is compared yet" in headline(tmp_path)


def test_a_folder_without_a_run_is_told(tmp_path: Path, small_settings: W2cSettings) -> None:
    assert "Nothing is compared yet" in headline(tmp_path)
    with pytest.raises(LedgerError):
        make_report(small_settings, tmp_path)


def first_scene(run_dir: Path) -> tuple[Any, Any]:
    return next(iter(read_rows(run_dir, "render"))), next(iter(read_rows(run_dir, "validate")))


def test_a_card_has_boxes_code_and_reasons_and_survives_a_lost_picture(
    finished_run: Path, small_settings: W2cSettings, tmp_path: Path
) -> None:
    row, validated = first_scene(finished_run)
    card = scene_card(row, validated, small_settings, finished_run)
    assert isinstance(card.image, Image.Image)
    assert card.code == row["code"]
    assert len(card.notes) == len(row["drops"])
    lost = scene_card(row | {"image": "absent.png"}, validated, small_settings, finished_run)
    assert lost.image is None
    assert lost.caption.endswith("; image: missing")


def test_a_dropped_box_is_red_and_a_kept_one_green(
    finished_run: Path, small_settings: W2cSettings, tmp_path: Path
) -> None:
    Image.new("RGB", (420, 210), "white").save(tmp_path / "a.png")
    _, validated = first_scene(finished_run)
    boxes = [("dog", [20.0, 40.0, 100.0, 120.0]), ("漢字 ü", [200.0, 40.0, 300.0, 120.0])]
    sightings = [{"key": k, "name": name, "box_xyxy_px": box, "score": 1.0} for k, (name, box) in enumerate(boxes)]
    evidence = validated["evidence"] | {"size_wh": [420, 210], "sightings": sightings}
    drop = {"rule": "existence", "reason": "said_no", "what": "dog", "keys": [0], "detail": ""}
    row = {"id": "a", "image": "a.png", "is_stored": False, "code": "", "drops": [drop], "calls": 1, "sequences": 1}
    settings = small_settings.model_copy(update={"images": tmp_path})
    card = scene_card(row, validated | {"evidence": evidence}, settings, tmp_path)
    assert isinstance(card.image, Image.Image)
    assert card.image.getpixel((20, 80)) == (200, 40, 40)
    assert card.image.getpixel((200, 80)) == (20, 140, 60)
    assert card.notes == ["dog #0 dropped by existence: said_no"]
    assert card.tags == ["drops: existence"]


def test_a_thin_picture_has_a_card(small_settings: W2cSettings, finished_run: Path, tmp_path: Path) -> None:
    Image.new("RGB", (3000, 1), "white").save(tmp_path / "thin.png")
    row, validated = first_scene(finished_run)
    settings = small_settings.model_copy(update={"images": tmp_path})
    evidence = validated["evidence"] | {"size_wh": [3000, 1], "sightings": []}
    card = scene_card(row | {"image": "thin.png"}, validated | {"evidence": evidence}, settings, tmp_path)
    assert isinstance(card.image, Image.Image)
    assert card.image.size == (420, 1)


def test_a_held_out_question_has_both_answers_and_words_of_a_model_are_escaped(finished_run: Path) -> None:
    asked = next(iter(read_rows(finished_run, "grades-after")))
    before = {row["id"]: row for row in read_rows(finished_run, "grades-before")}
    card = asked_card(asked, before, BoxText())
    assert [trial.text.partition(":")[0] for trial in card.trials] == ["before", "after"]
    assert card.tags[0] == asked["task"]
    said = asked | {"trials": [asked["trials"][0] | {"text": "<script>alert(1)</script>"}]}
    page = render_report(title="x", sections=[Gallery([asked_card(said, {}, BoxText())])])
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_an_answer_that_is_partly_right_is_not_called_right_and_every_box_is_drawn(tmp_path: Path) -> None:
    Image.new("RGB", (420, 420), "white").save(tmp_path / "a.png")
    row = {"id": "a", "image": str(tmp_path / "a.png"), "task": "boxes", "question": "Where are the dogs?"}
    row |= {"answer": "[0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.9, 0.9]"}
    before = row | {"trials": [{"text": "[0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.9, 0.9]", "score": 1.0, "verdict": True}]}
    after = row | {"trials": [{"text": "[0.6, 0.6, 0.9, 0.9], [50, 60, 70, 80]", "score": 0.5, "verdict": False}]}
    card = asked_card(after, {"a": before}, BoxText())
    assert [(trial.verdict, trial.score) for trial in card.trials] == [(True, 1.0), (False, 0.5)]
    assert card.tags == ["boxes", "lost"]
    assert isinstance(card.image, Image.Image)
    assert card.image.getpixel((42, 84)) == (30, 90, 200)
    assert card.image.getpixel((252, 300)) == (20, 140, 60)
    assert asked_card(after, {}, BoxText()).tags == ["boxes", "not judged both times"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (BoxText(), "[0.00, 0.25, 0.50, 0.50]"),  # of the square that the picture is padded to
        (BoxText(frame="whole"), "[0.00, 0.00, 0.50, 0.50]"),
        (BoxText("qwen"), '{"bbox_2d": [0, 0, 500, 500]}'),
        (BoxText("qwen", frame="padded"), '{"bbox_2d": [0, 250, 500, 500]}'),
    ],
)
def test_a_box_is_drawn_where_the_model_means_it(text: BoxText, answer: str, tmp_path: Path) -> None:
    Image.new("RGB", (420, 210), "white").save(tmp_path / "wide.png")
    row = {"id": "a", "image": str(tmp_path / "wide.png"), "task": "boxes", "question": "Where?", "answer": answer}
    nines = 400 * "9"  # more than a float holds
    row |= {"trials": [{"text": f"[0.00, 0.00, 0.50, {nines}]", "score": 0.0, "verdict": False}]}
    shown = asked_card(row, {}, text).image
    assert isinstance(shown, Image.Image)
    edge = [y for y in range(shown.height) if shown.getpixel((105, y)) == (30, 90, 200)]
    assert max(edge) == 105  # the box is the upper left quarter
    assert shown.getpixel((210, 90)) == (30, 90, 200)


@pytest.mark.long
@pytest.mark.slow
def test_a_study_compares_seed_by_seed(tmp_path: Path) -> None:
    size = WorldSize(scenes=6, held_out=4, steps=2)
    results = [study_seed(tmp_path, seed, size, progress=False, batch_size=4) for seed in (0, 1)]
    table = study_to_markdown(results)
    assert "| method against | task | seed 0 | seed 1 |" in table
    assert "| all rules |" in table


def test_rows_that_training_refused_are_told_with_their_reasons(
    finished_run: Path, small_settings: W2cSettings, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    refused = [{"id": str(k), "reason": "too_long", "detail": ""} for k in range(3)]
    (run / "train" / "refused.json").write_text(json.dumps(refused))
    page = make_report(small_settings, run).read_text(encoding="utf-8")
    assert "rows refused by training" in page
    assert "3 too_long" in page


def test_scenes_without_evidence_are_left_out_of_the_page(
    finished_run: Path, small_settings: W2cSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = report.rows_so_far
    monkeypatch.setattr(report, "rows_so_far", lambda run, name: read(run, name)[: 2 if name == "validate" else None])
    page = make_report(small_settings, finished_run).read_text(encoding="utf-8")
    assert "2 of 2. Kept boxes green" in page
