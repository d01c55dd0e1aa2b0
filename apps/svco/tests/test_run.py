"""The whole pipeline on the drawn world: what is there at the end, and what another run does not do again."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from shard_runner import Stage, read_rows, status
from svco.comparing import CHOICES, compare_margins, group_choice, image_choice, text_choice
from svco.demo import run_settings
from svco.evaluation import AFTER, BEFORE, load_contrasts
from svco.pipeline import build_pipeline
from svco.settings import SvcoRunSettings
from svco.training import sft_rows
from svco_loss.pairs import read_mvc


def test_every_row_is_accounted_for_and_every_step_is_finished(finished_run: Path) -> None:
    accounts = {account.name: account for account in status(finished_run)}
    assert all(account.adds_up and account.finished for account in accounts.values())
    assert accounts["check"].rows_in == 16
    assert {"train", "train-sft", "train-dpo", "eval", "answers-before", "grades-sft", "margins-dpo"} <= set(accounts)


def test_held_out_pairs_are_those_of_their_own_file(finished_run: Path, world: Path) -> None:
    held = [row for row in read_rows(finished_run, "reference") if row["part"] == "validation"]
    assert [row["image_a"] for row in held] == [pair.image_a for pair in read_mvc(world / "held-out.json").pairs]
    exported = read_mvc(finished_run / "export" / "mvc-validation.json").pairs
    assert [pair.text_x for pair in exported] == [row["text_x"] for row in held]


def test_the_stored_reference_is_what_the_model_gives_before_training(finished_run: Path) -> None:
    reference = {row["id"]: row["reference"] for row in read_rows(finished_run, "reference")}
    margins = list(read_rows(finished_run, f"margins-{BEFORE}"))
    assert len(margins) == 6
    for row in margins:
        assert row["logps"] == pytest.approx(reference[row["id"]], abs=1e-3)


def test_method_and_controls_are_other_models_than_the_one_before(
    finished_run: Path, small_settings: SvcoRunSettings
) -> None:
    folders = [
        Path(str(small_settings.model)),
        *(finished_run / name / "model" for name in ("train", "train-sft", "train-dpo")),
    ]
    weights = [load_file(folder / "model.safetensors") for folder in folders]
    name = "layers.0.mlp.up_proj.weight"
    found = [next(value for key, value in one.items() if key.endswith(name)) for one in weights]
    assert all(not torch.equal(found[a], found[b]) for a in range(4) for b in range(a))


def test_the_comparison_names_every_measure(finished_run: Path) -> None:
    found = load_contrasts(finished_run)
    lines = found["before"]
    names = [line.task for line in lines]
    assert names[: len(CHOICES)] == list(CHOICES)
    assert {"pairs of questions", "pair-color", "single questions together", "absent things denied"} <= set(names)
    assert list(found) == ["before", "sft", "dpo"]
    assert [line.after for line in found["dpo"]] == [line.after for line in lines]


def test_the_same_run_again_does_nothing(finished_run: Path, small_settings: SvcoRunSettings) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished_run.rglob("*.parquet")}
    run_settings(small_settings, finished_run, progress=False)
    assert {path: path.stat().st_mtime_ns for path in finished_run.rglob("*.parquet")} == before


def test_another_grade_of_training_makes_only_what_depends_on_it_again(
    finished_run: Path, small_settings: SvcoRunSettings, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(finished_run, tmp_path / "run"))
    changed = small_settings.model_copy(update={"attend_a": 0.3})
    kept = {name: (out / name / "stage.json").read_bytes() for name in ("check", "reference", f"answers-{BEFORE}")}
    sft = (out / "train-sft" / "model" / "model.safetensors").stat().st_mtime_ns
    run_settings(changed, out, progress=False)
    assert {name: (out / name / "stage.json").read_bytes() for name in kept} == kept
    assert (out / "train-sft" / "model" / "model.safetensors").stat().st_mtime_ns == sft
    old, new = (list(read_rows(folder, f"margins-{AFTER}")) for folder in (finished_run, out))
    assert [row["logps"] for row in old] != [row["logps"] for row in new]


LOGPS = {
    "x_given_a": -2.0,
    "x_given_b": -3.0,
    "x_given_none": 0.0,
    "y_given_b": -2.5,
    "y_given_a": -4.0,
    "y_given_none": 0.0,
}


@pytest.mark.parametrize(
    ("change", "text", "image"),
    [
        ({}, True, True),
        ({"x_given_b": -1.0}, False, False),  # x is likelier with b, where it also beats y
        ({"y_given_a": -1.0}, False, False),
        ({"x_given_b": -2.6, "x_given_a": -2.8}, True, False),
        ({"y_given_b": -3.5, "x_given_b": -3.2, "x_given_a": -1.0}, False, True),
        ({"x_given_a": -4.0, "x_given_b": -4.0}, False, False),  # equal is not more
    ],
)
def test_forced_choices_by_hand(change: dict[str, float], text: bool, image: bool) -> None:
    logps = LOGPS | change
    assert (text_choice(logps), image_choice(logps), group_choice(logps)) == (text, image, text and image)


def test_margins_are_compared_pair_by_pair() -> None:
    def rows(x_given_a: float) -> list[dict[str, object]]:
        return [{"id": str(k), "logps": [x_given_a, -3.0, 0.0, -2.5, -4.0, 0.0]} for k in range(8)]

    line = compare_margins(rows(-5.0), rows(-2.0), seed=0)[0]
    assert (line.before, line.after, line.wins, line.losses, line.test) == (0.0, 1.0, 8, 0, "mcnemar-exact")
    assert line.p == pytest.approx(2 / 2**8)


def test_the_control_learns_each_text_with_its_own_image() -> None:
    row = {"id": "p", "image_a": "a.png", "image_b": "b.png", "question": "What?", "text_x": "x", "text_y": "y"}
    first, second = sft_rows(row | {"system": "Be brief."})
    assert (first["images"], first["messages"][-1]["content"][0]["text"]) == (["a.png"], "x")
    assert (second["images"], second["messages"][-1]["content"][0]["text"]) == (["b.png"], "y")
    assert [message["role"] for message in first["messages"]] == ["system", "user", "assistant"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize("name", ["answers-before", "answers-dpo"])
def test_the_ledger_has_the_tokens_of_every_trial(
    finished_run: Path, small_settings: SvcoRunSettings, written_tokens: list[int], name: str
) -> None:
    rows = list(read_rows(finished_run, "questions"))
    [stage] = [step for step in build_pipeline(small_settings, finished_run) if step.name == name]
    assert isinstance(stage, Stage)
    outcomes = stage.make()(rows)
    assert len(written_tokens) == len(rows)
    assert sum(outcome.tokens for outcome in outcomes) == sum(written_tokens)  # type: ignore[union-attr]
    [account] = [account for account in status(finished_run) if account.name == name]
    assert account.tokens == sum(written_tokens) > 0
