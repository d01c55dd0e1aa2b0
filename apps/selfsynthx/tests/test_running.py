"""Whole runs on stand-in models: rounds, stop rules, resuming, measures, report and command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from llava_train import Rounds, load_rounds
from PIL import Image
from selfsynthx import SettingsError, SynthSettings, run_settings
from selfsynthx.cli import main
from selfsynthx.comparing import ACCURACY, load_contrasts
from selfsynthx.measures import measure_model
from selfsynthx.report import headline
from shard_runner import read_rows, status

from .birds import CONCEPTS, LABELS, StubSampler

Install = Callable[[Callable[[str, str], str]], StubSampler]


def label_of(picture: str) -> str:
    return picture.rsplit("-", 2)[0].replace("_", " ")


def rounds_of(run_dir: Path) -> Rounds:
    found = load_rounds(run_dir)
    assert found is not None
    return found


class Bird:
    """A model that names a picture's bird from the first round on, and explains it if it learned explanations."""

    def __init__(self) -> None:
        self.trained: list[tuple[str, str, int | None]] = []
        self.explains = True
        self.model = "base"

    def load(self, model: str, *_: Any, **__: Any) -> StubSampler:
        self.model = Path(model).parent.name
        return StubSampler(self.answer)

    def answer(self, prompt: str, picture: str) -> str:
        label = label_of(picture)
        if label in prompt:
            return f"It is a {label}, because of its {' and '.join(CONCEPTS[label][:2])}."
        if not self.model.startswith("train"):
            return f"A bird with {CONCEPTS[label][0]}."
        return f"It is a {label}." + ("" if "labels" in self.model else f" It has {CONCEPTS[label][0]}.")

    def train(self, settings: Any, rows: Any, model: str, folder: Path, *, max_steps: int | None) -> None:
        self.trained.append((folder.name, Path(model).parent.name, max_steps))
        (folder / "model").mkdir(parents=True, exist_ok=True)
        (folder / "result.json").write_text('{"steps": 7}')


@pytest.fixture
def bird(stub: Install, monkeypatch: pytest.MonkeyPatch) -> Bird:
    found = Bird()
    stub(found.answer)
    monkeypatch.setattr("selfsynthx.models._load", found.load)
    monkeypatch.setattr("selfsynthx.training._train", found.train)
    return found


@pytest.fixture
def known(settings: SynthSettings, folder: Path) -> SynthSettings:
    """With the truth, and with the control."""
    rows = json.loads((folder / "labels.json").read_text())
    (folder / "truth.json").write_text(json.dumps({row["id"]: CONCEPTS[row["label"]][:2] for row in rows}))
    return settings.model_copy(update={"truth": folder / "truth.json", "controls": ["labels"]})


def test_rounds_go_from_model_to_model_beside_a_control_of_the_same_length(
    known: SynthSettings, bird: Bird, tmp_path: Path
) -> None:
    run_settings(known, tmp_path / "run", progress=False)
    assert bird.trained == [
        ("train-1", "", None),
        ("train-1-labels", "", 7),
        ("train-2", "train-1", None),
        ("train-2-labels", "train-1-labels", 7),
    ]
    found = rounds_of(tmp_path / "run")
    assert [one.evaluation.score for one in found.records] == [0.0, 1.0, 1.0]
    assert (found.best.number, found.stopped) == (1, "all 2 rounds are done.")
    assert found.records[1].counts["accepted"] == found.records[1].rows == 18 * 4
    assert found.records[2].collapse is not None
    assert found.records[2].collapse.agreement == 1.0
    accounts = {account.name: account for account in status(tmp_path / "run")}
    assert all(account.adds_up for account in accounts.values())
    tokens = {name: account.tokens for name, account in accounts.items() if account.tokens}
    assert tokens.pop("describe") == 3 * sum(
        len(row["descriptions"]) for row in read_rows(tmp_path / "run", "describe")
    )
    assert tokens.pop("synthesise") == 3 * 18 * 4
    assert tokens.pop("answer-2") == 3 * 18 * 4 * 3
    answers = ("answers-0", "answers-1", "answers-1-labels", "answers-2", "answers-2-labels")
    assert tokens == dict.fromkeys(answers, 3 * 15)


def test_measures_by_hand(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    run_settings(known, tmp_path / "run", progress=False)
    base, last = (measure_model(tmp_path / "run", number)["test"] for number in (0, 2))
    control = measure_model(tmp_path / "run", 2, "labels")["test"]
    assert (base.n, base.accuracy, base.exists, base.coverage, base.quality) == (9, 0.0, 1.0, 0.5, 0.0)
    assert (last.accuracy, last.balanced, last.coverage, last.grounding, last.quality) == (1.0, 1.0, 0.5, 1.0, 0.5)
    assert (control.accuracy, control.exists, control.coverage, control.grounding) == (1.0, 0.0, 0.0, None)
    assert last.per_label == dict.fromkeys(sorted(LABELS), 1.0)
    line = next(one for one in load_contrasts(tmp_path / "run")["base"] if one.task == ACCURACY)
    assert (line.n, line.before, line.after, line.wins) == (9, 0.0, 1.0, 9)


def test_a_finished_run_does_nothing_again_and_a_further_round_only_its_own(
    known: SynthSettings, bird: Bird, tmp_path: Path
) -> None:
    run_settings(known, tmp_path / "run", progress=False)
    rows = list(read_rows(tmp_path / "run", "choose-2"))
    bird.trained.clear()
    run_settings(known, tmp_path / "run", progress=False)
    assert bird.trained == []
    run_settings(known.model_copy(update={"rounds": 3}), tmp_path / "run", progress=False)
    assert [name for name, *_ in bird.trained] == ["train-3", "train-3-labels"]
    assert list(read_rows(tmp_path / "run", "choose-2")) == rows
    assert list(load_contrasts(tmp_path / "run")) == ["base", "labels-3", "round-1", "round-2"]
    bird.trained.clear()
    run_settings(known.model_copy(update={"order": "rank_then_check"}), tmp_path / "run", progress=False)
    assert [name for name, *_ in bird.trained] == ["train-2", "train-2-labels"]
    assert list(load_contrasts(tmp_path / "run")) == ["base", "labels-2", "round-1"]


def test_a_replaced_picture_is_learned_anew_though_the_same_is_said_of_it(
    known: SynthSettings, bird: Bird, folder: Path, tmp_path: Path
) -> None:
    run_settings(known, tmp_path / "run", progress=False)
    before = {row["id"]: row for row in read_rows(tmp_path / "run", "synthesise")}
    bird.trained.clear()
    picture = Path(next(iter(before.values()))["image"])
    Image.new("RGB", (8, 8), "white").save(picture)
    run_settings(known, tmp_path / "run", progress=False)
    changed = {row["picture"] for row in read_rows(tmp_path / "run", "synthesise") if row != before[row["id"]]}
    assert changed == {picture.stem}
    assert [name for name, *_ in bird.trained] == ["train-1", "train-1-labels", "train-2", "train-2-labels"]


def test_a_stop_rule_ends_the_rounds_and_the_run_is_whole(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    run_settings(known.model_copy(update={"rounds": 4, "patience": 1}), tmp_path / "run", progress=False)
    found = rounds_of(tmp_path / "run")
    assert len(found.records) == 3
    assert found.stopped == "the validation score has not risen for 1 round."
    assert all(account.finished for account in status(tmp_path / "run"))


def test_a_killed_run_goes_on_and_ends_with_the_same_rows(
    known: SynthSettings, bird: Bird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_settings(known, tmp_path / "whole", progress=False)
    whole, calls = bird.train, list(bird.trained)
    bird.trained.clear()

    def killed(settings: Any, rows: Any, model: str, folder: Path, *, max_steps: int | None) -> None:
        if folder.name == "train-2":
            raise KeyboardInterrupt
        whole(settings, rows, model, folder, max_steps=max_steps)

    monkeypatch.setattr("selfsynthx.training._train", killed)
    with pytest.raises(KeyboardInterrupt):
        run_settings(known, tmp_path / "run", progress=False)
    monkeypatch.setattr("selfsynthx.training._train", whole)
    run_settings(known, tmp_path / "run", progress=False)
    assert bird.trained == calls
    for name in ("select", "synthesise", "choose-2", "quality-2"):
        assert list(read_rows(tmp_path / "run", name)) == list(read_rows(tmp_path / "whole", name))


def test_the_report_shows_features_candidates_rounds_and_labels(
    known: SynthSettings, bird: Bird, tmp_path: Path
) -> None:
    run_settings(known, tmp_path / "run", progress=False)
    page = (tmp_path / "run" / "report.html").read_text()
    for text in ("Rounds", "Kept and dropped", "Is variety lost?", "Right label by label", "Controls",
                 "Explanations by round",
                 "What round 2 learns from", "+ pink legs", "learned (accepted, best)", "Held-out"):  # fmt: skip
        assert text in page
    assert "best by validation: round 1; all 2 rounds are done." in headline(tmp_path / "run")


def test_without_truth_the_base_model_is_asked_what_can_be_seen(
    settings: SynthSettings, bird: Bird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trial_sampler import ChoiceResult

    asked: list[str] = []

    def score(self: Any, requests: Any) -> list[Any]:
        asked.extend(request.messages[0]["content"][1]["text"] for request in requests)
        return [ChoiceResult(one.id, (0.9, 0.1) if "legs" in asked[k - len(requests)] else (0.2, 0.8))
                for k, one in enumerate(requests)]  # fmt: skip

    monkeypatch.setattr(StubSampler, "score", score, raising=False)
    run_settings(settings.model_copy(update={"rounds": 1}), tmp_path / "run", progress=False)
    assert len(asked) == 15 * 3
    assert asked[0] == "Does the bird in this picture show this: pink legs? Answer yes or no."
    seen = {row["label"]: row["visible"] for row in read_rows(tmp_path / "run", "seen")}
    assert seen == {"Western Gull": ["pink legs"], "California Gull": ["greenish legs"], "Tern": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([], "--data is needed"),
        (["--data", "labels.json"], "--model is needed: a folder or Hub id of the chat VLM that explains and learns."),
        (["--data", "labels.json", "--model", "stub"], "--concepts is needed: a file of each label's features"),
        (["--dataset", "cub-20"], "did you mean 'cub-200'?"),
        (["--concepts-url", "http://x"], "concepts_url needs concepts_model"),
        (["--rounds", "0"], "rounds: Input should be greater than or equal to 1"),
    ],
)
def test_missing_and_wrong_settings_are_one_line_with_what_to_do(changes: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["run", "--out", "run", *changes])
    assert done.exit_code == 2, done.output
    assert message in " ".join(done.output.split())
    assert len(done.output.strip().splitlines()) == 1


def test_a_model_that_is_no_folder_is_told_before_the_pictures_are_read(tmp_path: Path) -> None:
    (tmp_path / "birds").mkdir()  # without a picture
    (tmp_path / "features.json").write_text("{}")
    flags = ["--data", tmp_path / "birds", "--concepts", tmp_path / "features.json", "--model", "./none"]
    done = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "run"), *map(str, flags)])
    assert (done.exit_code, done.output[:43]) == (1, "error: model './none' is no folder; give on")


def test_stage_commands_work_up_to_their_round(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    flags = ["--data", known.data, "--dataset", "cub-200", "--concepts", known.concepts, "--model", "stub",
             "--device", "cpu", "--questions", 2, "--truth", known.truth, "--descriptions", 1,
             "--out", tmp_path / "run"]  # fmt: skip
    flags = list(map(str, flags))
    assert CliRunner().invoke(main, ["answer", *flags, "--rounds", "1"]).exit_code == 2
    for command in ("concepts", "describe", "select", "synthesise", "train", "answer", "choose", "eval"):
        for dry in (["--dry-run"], []):
            done = CliRunner().invoke(main, [command, *flags, "--rounds", "2", *dry])
            assert done.exit_code == 0, done.output
    assert [name for name, *_ in bird.trained] == ["train-1", "train-2"]
    shown = CliRunner().invoke(main, ["explain", str(tmp_path / "run"), "Tern-train-0#r2q1"])
    assert shown.exit_code == 0
    assert "choose-2" in shown.output


def test_bad_rows_have_a_verdict_and_their_neighbours_go_on(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    assert known.data is not None
    known.data.with_name("Tern-train-0.png").unlink()
    rows = json.loads(known.data.read_text())
    rows += [rows[1], {**rows[2], "id": "blank", "label": " "}, {**rows[3], "id": "out", "image": "../x.png"}]
    known.data.write_text(json.dumps(rows))
    run_settings(known.model_copy(update={"rounds": 1, "controls": []}), tmp_path / "run", progress=False)
    assert len(list(read_rows(tmp_path / "run", "describe"))) == 17
    refused = json.loads((tmp_path / "run" / "refused.json").read_text())
    reasons = {one["id"]: one["reason"] for one in refused}
    assert reasons == {
        "Tern-train-0": "missing",
        rows[1]["id"]: "duplicate_id",
        "blank": "blank_label",
        "out": "outside_root",
    }
    assert headline(tmp_path / "run").startswith("4 rows of the data are left out; refused.json says why")
    assert "Rows left out" in (tmp_path / "run" / "report.html").read_text()


def test_a_smoke_run_has_two_labels_in_every_split(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    run_settings(known.model_copy(update={"limit": 8}), tmp_path / "run", progress=False)
    for name in ("images", "eval-images", "labels"):
        rows = list(read_rows(tmp_path / "run", name))
        assert len(rows) <= 8
        assert {row["label"] for row in rows} == {"California Gull", "Tern"}
    assert {row["task"] for row in read_rows(tmp_path / "run", "quality-2")} == {"validation", "test"}
    assert rounds_of(tmp_path / "run").best.number == 1


def test_a_limit_too_small_for_a_run_is_refused(known: SynthSettings, bird: Bird, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--limit must be 4 or more"):
        run_settings(known.model_copy(update={"limit": 3}), tmp_path / "run", progress=False)
