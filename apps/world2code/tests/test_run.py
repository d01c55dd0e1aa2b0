"""The whole method on a tiny world, and its behaviour on pictures and boxes made by hand."""

import ast
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from code_caption import code_to_scene, json_to_scene, scene_to_code
from llava_train import read_llava_json
from PIL import Image
from shard_runner import Stage, StageAccount, read_rows, status
from world2code.answer_book import BOOK
from world2code.demo import run_settings
from world2code.evaluation import load_contrasts
from world2code.pipeline import build_pipeline
from world2code.scoring import read_quality, score_rules
from world2code.settings import W2cSettings

Draw = Callable[[Any], None]
Made = Callable[..., W2cSettings]
RunUntil = Callable[[W2cSettings, Path, str], dict[str, StageAccount]]

CATS = [("cat", (0, 10, 30, 90)), ("cat", (35, 10, 65, 90)), ("cat", (70, 10, 100, 90))]
DOG = ("dog", (110, 10, 190, 90))


def says(text: str) -> str:
    """What a model says that sees cats and a dog, with signs."""
    if text.startswith("Which text"):
        return "KEEP OUT"
    if text.startswith("In one sentence"):
        return "a dog beside cats" if "dog" in text else "cats beside cats"
    return "a dog and a cat" if text.startswith(("Tell", "In one or two")) else f"{text.split()[2]} here"


# the finished run


def test_every_row_is_accounted_for(finished_run: Path) -> None:
    accounts = {account.name: account for account in status(finished_run)}
    assert all(account.adds_up and account.finished for account in accounts.values())
    assert accounts["images"].rows_out == accounts["validate"].rows_in == 6
    assert accounts["rows"].rows_in == accounts["render"].rows_out


def test_the_tokens_of_every_reply_are_counted_where_it_was_asked_for(finished_run: Path) -> None:
    with closing(sqlite3.connect(finished_run / BOOK)) as book:
        replies = [json.loads(text) for (text,) in book.execute("SELECT reply FROM replies")]
    tokens = {account.name: account.tokens for account in status(finished_run)}
    asking = [tokens.pop(name) for name in ("captions", "confirm", "describe", "validate")]
    assert sum(asking) == sum(reply["tokens"] for reply in replies)
    assert asking[0] > 0
    assert asking[2] > 0
    assert {name for name, count in tokens.items() if count} == {
        f"answers-{way}" for way in ("before", "after", "unfiltered", "all-code")
    }


def test_the_ledger_has_the_tokens_of_every_answer(
    finished_run: Path, small_settings: W2cSettings, written_tokens: list[int]
) -> None:
    rows = list(read_rows(finished_run, "eval-questions"))
    [stage] = [step for step in build_pipeline(small_settings, finished_run) if step.name == "answers-before"]
    assert isinstance(stage, Stage)
    stage.make()(rows)
    assert len(written_tokens) == len(rows)
    [account] = [account for account in status(finished_run) if account.name == "answers-before"]
    assert account.tokens == sum(written_tokens) > 0


def test_the_code_parses_and_comes_back_the_same(finished_run: Path) -> None:
    codes = json.loads((finished_run / "export" / "codes.json").read_text())
    assert len(codes) == 6
    for row in codes:
        (defined,) = ast.parse(row["code"]).body
        assert isinstance(defined, ast.ClassDef)
        assert scene_to_code(code_to_scene(row["code"])) == row["code"]


def test_the_training_rows_are_llava_json_whose_images_are_there(finished_run: Path) -> None:
    rows = read_llava_json(finished_run / "export" / "rows.json")
    assert [row["id"] for row in rows] == [row["id"] for row in read_rows(finished_run, "rows")]
    assert all(Path(path).is_file() for row in rows for path in row["images"])
    for row in rows:
        parts = [part for message in row["messages"] for part in message["content"]]
        assert [part["type"] for part in parts] == ["image", "text", "text"]
        assert all(part.get("text", "x") for part in parts)


def test_the_unfiltered_control_has_every_box_and_one_form_has_rows_of_it_alone(finished_run: Path) -> None:
    boxes = {row["id"]: len(row["evidence"]["sightings"]) for row in read_rows(finished_run, "validate")}
    scenes = {
        row["id"]: json_to_scene(json.loads(row["scene"])) for row in read_rows(finished_run, "render-unfiltered")
    }
    assert {name: sum(scene.counts.values()) for name, scene in scenes.items()} == boxes
    assert all(row["drops"] == [] for row in read_rows(finished_run, "render-unfiltered"))
    codes = {row["id"]: row["code"] for row in read_rows(finished_run, "render")}
    learned = list(read_rows(finished_run, "rows-all-code"))
    assert {row["form"] for row in learned} == {"code"}
    assert [row["messages"][1]["content"][0]["text"] for row in learned] == list(codes.values())
    assert {row["form"] for row in read_rows(finished_run, "rows")} == {"boxes"}


def test_the_method_is_compared_with_before_and_with_every_control(finished_run: Path) -> None:
    found = load_contrasts(finished_run)
    assert list(found) == ["before", "unfiltered", "all-code"]
    for lines in found.values():
        assert lines[-1].task == "all questions"
        assert lines[-1].n == sum(line.n for line in lines[:-1])


def test_scenes_are_scored_against_the_true_ones_rule_by_rule(finished_run: Path) -> None:
    rows = {(row["rule"], row["kind"]): row for row in read_quality(finished_run)}
    rules = ["no filter", "existence alone", "counting alone", "reranking alone", "all rules"]
    assert list(dict.fromkeys(rule for rule, _ in rows)) == rules
    stated = sum(len(row["evidence"]["sightings"]) for row in read_rows(finished_run, "validate"))
    assert rows["no filter", "elements"]["stated"] == stated
    assert rows["all rules", "elements"]["stated"] <= rows["existence alone", "elements"]["stated"] <= stated


def test_rules_for_which_nothing_was_asked_are_not_scored(finished_run: Path, small_settings: W2cSettings) -> None:
    rows = list(read_rows(finished_run, "validate"))
    settings = small_settings.model_copy(update={"filters": ["existence"], "controls": []})
    rules = dict.fromkeys(row["rule"] for row in score_rules(rows, settings))
    assert list(rules) == ["no filter", "existence alone", "all rules"]


def test_a_finished_run_does_nothing_again(finished_run: Path, small_settings: W2cSettings) -> None:
    def touched() -> dict[Path, int]:
        kept = [*finished_run.rglob("*.parquet"), *finished_run.rglob("*.safetensors")]
        return {path: path.stat().st_mtime_ns for path in kept}

    before = touched()
    run_settings(small_settings, finished_run, progress=False)
    assert touched() == before


def test_another_threshold_asks_nothing_that_was_asked(
    finished_run: Path,
    small_settings: W2cSettings,
    tmp_path: Path,
    run_until: RunUntil,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    shutil.copytree(finished_run, out)
    monkeypatch.setattr("world2code.models.load_model", lambda *_: pytest.fail("the model was opened"))
    changes = {"strict": False, "reading_similarity": 0.1, "least_elements": 3, "claims_threshold": 0.501}
    for name, value in changes.items():
        before = (out / "render" / "stage.json").read_text()
        accounts = run_until(small_settings.model_copy(update={name: value}), out, "export")
        assert (out / "render" / "stage.json").read_text() != before, name
        assert accounts["render"].finished
        assert accounts["export"].finished


def test_the_evidence_does_not_depend_on_what_is_asked_together(
    finished_run: Path, small_settings: W2cSettings, world: Path, tmp_path: Path, run_until: RunUntil
) -> None:
    assert (small_settings.images_per_batch, small_settings.prompts_per_batch) == (16, 32)
    rows = json.loads((world / "images.json").read_text())[:2]
    (tmp_path / "two.json").write_text(json.dumps(rows))
    alone = {"images_per_batch": 1, "prompts_per_batch": 1, "data": tmp_path / "two.json", "images": world}
    run_until(small_settings.model_copy(update=alone), tmp_path, "validate")
    expected = {row["id"]: row["evidence"] for row in read_rows(finished_run, "validate")}
    found = list(read_rows(tmp_path, "validate"))
    assert len(found) == 2
    for row in found:
        assert _rounded(row["evidence"]) == _rounded(expected[row["id"]])


def _rounded(value: Any) -> Any:
    """Sums of floats depend a little on how many are added side by side."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


# behaviour, with a scripted model


def test_a_corrupt_image_is_flagged_without_a_call_and_its_neighbours_are_unchanged(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    scripted.say = says
    draw({name: [*CATS, DOG] for name in ("a.png", "b.png", "c.png")})
    whole = run_until(made(), tmp_path / "whole", "render")
    assert whole["render"].rows_out == 3
    (tmp_path / "images" / "b.png").write_bytes((tmp_path / "images" / "b.png").read_bytes()[:100])
    scripted.asked.clear()
    accounts = run_until(made(), tmp_path / "torn", "render")
    assert accounts["captions"].failed == {"truncated": 1}
    assert not [name for name in scripted.asked if name.startswith("b.png")]
    for step in ("captions", "validate", "render"):
        kept = [row for row in read_rows(tmp_path / "whole", step) if row["id"] != "b.png"]
        assert list(read_rows(tmp_path / "torn", step)) == kept


def test_a_no_on_existence_removes_the_box_from_all_that_follows(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    scripted.say = says
    draw({"a.png": [*CATS, DOG]})
    run_until(made(), tmp_path / "yes", "render")
    (row,) = read_rows(tmp_path / "yes", "render")
    scene = json_to_scene(json.loads(row["scene"]))
    assert scene.counts == {"cat": 3, "dog": 1}
    assert [group.name for group in scene.groups] == ["cat"]
    assert len(scene.relations) == 1
    assert scene.elements[0].text == "KEEP OUT"

    scripted.p_yes = lambda text: 0.1 if "a cat" in text else 0.9
    scripted.asked.clear()
    run_until(made(), tmp_path / "no", "render")
    (row,) = read_rows(tmp_path / "no", "render")
    scene = json_to_scene(json.loads(row["scene"]))
    assert scene.counts == {"dog": 1}
    assert not scene.groups
    assert not scene.relations
    assert "Group" not in row["code"]
    assert "Relation" not in row["code"]
    dropped = {key for drop in row["drops"] if drop["rule"] == "existence" for key in drop["keys"]}
    assert len(dropped) == 3
    (validated,) = read_rows(tmp_path / "no", "validate")
    evidence = validated["evidence"]
    for part in ("region_captions", "readings"):
        assert not dropped & {entry[0] for entry in evidence[part]}
    assert not evidence["pair_captions"]
    later = [name.split("/")[1:] for name in scripted.asked]
    assert not [about for about in later if about[0] in ("region", "read", "pair") and about[1] in map(str, dropped)]


def test_a_stricter_threshold_asks_only_what_is_new_and_the_old_one_nothing(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    scripted.say = says
    scripted.p_yes = lambda text: 0.7 if "a cat" in text else 0.9
    draw({"a.png": [*CATS, DOG]})
    run_until(made(control=False), tmp_path / "run", "render")
    first, costs = list(scripted.asked), [row["calls"] for row in read_rows(tmp_path / "run", "render")]
    paid = {account.name: account.tokens for account in status(tmp_path / "run")}
    assert sum(paid.values()) == scripted.written > 0
    assert len(set(first)) == len(first)
    scripted.asked.clear()
    run_until(made(control=False, existence_threshold=0.8), tmp_path / "run", "render")
    (row,) = read_rows(tmp_path / "run", "render")
    assert json_to_scene(json.loads(row["scene"])).counts == {"dog": 1}
    assert not set(scripted.asked) & set(first)
    assert len(scripted.asked) <= 2
    scripted.asked.clear()
    run_until(made(control=False), tmp_path / "run", "render")
    assert scripted.asked == []
    assert [row["calls"] for row in read_rows(tmp_path / "run", "render")] == costs
    assert {account.name: account.tokens for account in status(tmp_path / "run")} == paid


def test_a_question_without_a_reply_is_counted_and_a_row_without_any_is_tried_again(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    draw({"a.png": [*CATS, DOG]})
    scripted.say = lambda text: "error: busy" if text.startswith(("Describe", "Which", "In one sent")) else says(text)
    accounts = run_until(made(), tmp_path / "run", "render")
    assert accounts["describe"].failed == {"unanswered": 1}
    assert accounts["captions"].tokens == scripted.written == 6
    scripted.say = lambda text: "error: busy" if text.startswith("Describe the dog") else says(text)
    accounts = run_until(made(), tmp_path / "run", "render")
    assert accounts["describe"].failed == {}
    (row,) = read_rows(tmp_path / "run", "render")
    assert ("captions", "unanswered", "dog") in [(d["rule"], d["reason"], d["what"]) for d in row["drops"]]


def test_one_kind_of_caption_that_fails_is_kept_as_an_error(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    draw({"a.png": [DOG]})
    scripted.say = lambda text: "error: busy" if text.startswith("Tell") else says(text)
    run_until(made(), tmp_path / "run", "confirm")
    (row,) = read_rows(tmp_path / "run", "confirm")
    assert row["evidence"]["errors"] == [["detailed", "model: error: busy"]]
    assert [one["kind"] for one in row["captions"]] == ["general"]


def test_a_caption_that_is_longer_than_the_code_may_be_drops_its_image_alone(
    scripted: Any, draw: Draw, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    draw({"a.png": [DOG], "b.png": [DOG]})
    (tmp_path / "images" / "b.png").unlink()
    Image.new("RGB", (200, 100), "white").save(tmp_path / "images" / "b.png")
    scripted.say = lambda text: "a dog and " + "a cup and " * 40 + "a cat" if text.startswith("Tell") else says(text)
    accounts = run_until(made(code_tokens=64), tmp_path / "run", "render")
    assert accounts["render"].dropped == {"code_too_long": 2}
