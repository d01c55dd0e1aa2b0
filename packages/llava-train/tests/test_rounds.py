"""The loop of rounds, its stop rules, and its way through a kill."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from llava_train import (
    Evaluation,
    FolderError,
    MadeRows,
    Rounds,
    RoundSettings,
    SettingsError,
    SftSettings,
    load_rounds,
    measure_collapse,
    run_rounds,
    train_round,
)


class Work:
    """Plays a model whose validation scores are given; notes every call."""

    def __init__(self, scores: Sequence[float], answers: Sequence[Sequence[str]] = (("a", "b"),)) -> None:
        self.scores, self.answers = scores, answers
        self.calls: list[tuple[Any, ...]] = []
        self.fails_at: tuple[str, int] | None = None

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.fails_at == (call[0], call[-1]):
            raise KeyboardInterrupt

    def evaluate(self, model: str, number: int) -> Evaluation:
        self._note("evaluate", model, number)
        return Evaluation(self.scores[number], test=self.scores[number] / 2, details={"n": 4})

    def make_rows(self, model: str, number: int) -> MadeRows:
        self._note("make", model, number)
        return MadeRows([{"id": f"r{number}"}], self.answers, {"accepted": number})

    def train(self, model: str, made: MadeRows, number: int) -> str:
        self._note("train", model, number)
        return f"{model}+{made.rows[0]['id']}"


def test_each_round_starts_from_the_model_of_the_one_before_and_the_base_is_evaluated_first() -> None:
    work = Work([0.1, 0.4, 0.3])
    found = run_rounds(work, "base", RoundSettings(rounds=2))
    assert work.calls == [
        ("evaluate", "base", 0),
        *(("make", "base", 1), ("train", "base", 1), ("evaluate", "base+r1", 1)),
        *(("make", "base+r1", 2), ("train", "base+r1", 2), ("evaluate", "base+r1+r2", 2)),
    ]
    assert found.stopped == "all 2 rounds are done."
    assert (found.best.number, found.best.model, found.last.number) == (1, "base+r1", 2)
    assert found.records[2].counts == {"accepted": 2}
    assert found.records[1].collapse == measure_collapse([("a", "b")])


def test_the_best_round_is_the_earliest_with_the_best_validation_score_whatever_the_test_says() -> None:
    assert run_rounds(Work([0.5, 0.5, 0.2]), "base", RoundSettings(rounds=2)).best.number == 0


@pytest.mark.parametrize(
    ("scores", "settings", "rounds", "why"),
    [
        (
            [0.5, 0.4, 0.3, 0.9],
            RoundSettings(rounds=3, patience=2),
            2,
            "the validation score has not risen for 2 round",
        ),
        ([0.5, 0.4, 0.6, 0.6], RoundSettings(rounds=3, patience=2), 3, "all 3 rounds are done."),
        ([0.5, 0.52, 0.9], RoundSettings(rounds=2, patience=1, least_gain=0.05), 1, "the validation score has not"),
        ([0.5, 0.6], RoundSettings(rounds=9, least_distinct=0.6), 0, "round 1 collapsed: 50.0 % of its answers"),
    ],
)
def test_stop_rules(scores: list[float], settings: RoundSettings, rounds: int, why: str) -> None:
    work = Work(scores, answers=[("a", "a"), ("b", "a")])
    found = run_rounds(work, "base", settings)
    assert found.last.number == rounds
    assert found.stopped.startswith(why)


@pytest.mark.parametrize("part", ["evaluate", "make", "train"])
def test_a_killed_loop_does_not_work_on_finished_rounds_again(tmp_path: Path, part: str) -> None:
    whole = run_rounds(Work([0.1, 0.2, 0.3]), "base", RoundSettings(rounds=2))
    killed, again = Work([0.1, 0.2, 0.3]), Work([0.1, 0.2, 0.3])
    killed.fails_at = (part, 2)
    with pytest.raises(KeyboardInterrupt):
        run_rounds(killed, "base", RoundSettings(rounds=2), folder=tmp_path)
    assert load_rounds(tmp_path) == Rounds(whole.records[:2], stopped="")
    assert run_rounds(again, "base", RoundSettings(rounds=2), folder=tmp_path) == whole
    assert {call[-1] for call in again.calls} == {2}
    assert load_rounds(tmp_path) == whole
    rest = Work([0.1, 0.2, 0.3, 0.4])
    assert run_rounds(rest, "base", RoundSettings(rounds=3), folder=tmp_path).last.number == 3
    assert next(call[:2] for call in rest.calls) == ("make", "base+r1+r2")


def test_a_folder_of_another_model_is_refused(tmp_path: Path) -> None:
    run_rounds(Work([0.1, 0.2]), "base", RoundSettings(rounds=1), folder=tmp_path)
    with pytest.raises(FolderError, match="holds rounds from base; use a new folder for other"):
        run_rounds(Work([0.1, 0.2]), "other", RoundSettings(rounds=1), folder=tmp_path)


@pytest.mark.parametrize("name", ["rounds", "patience", "least_gain", "least_distinct"])
def test_settings_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        RoundSettings(**{name: -1})


def test_collapse_by_hand() -> None:
    found = measure_collapse([["It is a gull.", "it is  a gull."], ["It is a tern.", "A tern"], ["No idea"]])
    assert (found.answers, found.distinct_share, found.duplicate_share) == (5, 0.8, 0.4)
    assert found.mean_words == pytest.approx((4 + 4 + 4 + 2 + 2) / 5)
    assert found.agreement == 0.5
    named = measure_collapse([["It is a tern.", "A tern"]], result=lambda text: "tern" in text)
    assert named.agreement == 1.0
    empty = measure_collapse([])
    assert (empty.answers, empty.distinct_share, empty.agreement) == (0, 0.0, None)


def test_a_round_trains_a_fresh_adapter_on_the_merged_model_of_the_round_before(
    tiny: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    settings = SftSettings(model="unused", max_steps=2, batch_size=2, learning_rate=1e-2, device="cpu", lora_r=2)

    class Real(Work):
        def make_rows(self, model: str, number: int) -> MadeRows:
            return MadeRows(rows)

        def train(self, model: str, made: MadeRows, number: int) -> str:
            return train_round(settings, model, made, tmp_path / str(number))

    found = run_rounds(Real([0, 0, 0]), str(tiny), RoundSettings(rounds=2))
    models = [load_file(Path(record.model) / "model.safetensors") for record in found.records]
    name = next(name for name in models[0] if name.endswith("q_proj.weight") and "language" in name)
    deltas = [(after[name].float() - before[name].float()) for before, after in pairwise(models)]
    assert [torch.linalg.matrix_rank(delta, atol=1e-5).item() for delta in deltas] == [2, 2]
    assert all(not any("lora" in key for key in model) for model in models)
