import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cvc.adaptive import guess_adaptively, stopping_rule
from cvc.engines import Judge
from cvc.pipeline import build_pipeline
from cvc.report import make_report, savings
from cvc.settings import CvcSettings
from cvc.trials import judge_stage, trials_stage
from shard_runner import Failed, Row, Stage, StageFn, read_rows, run, status
from trial_sampler import Request, SampleFailure, SampleResult, Tally, Trial, wilson_interval

MOST = 3
"""Right trials of 16 up to which an instance is hard enough: low, so that many instances stop early."""


def small_run(settings: CvcSettings, out: Path, **refused: bool) -> dict[str, list[Row]]:
    """Bring a run up to date up to its training rows, and return the rows of the last three stages."""
    steps = build_pipeline(settings, out)
    steps = [refuse(step) if isinstance(step, Stage) and step.name in refused else step for step in steps]
    run(steps, out, seed=settings.seed, only=["export"], progress=False)
    return {name: list(read_rows(out, name)) for name in ("trials", "judge", "mix")}


def refuse(stage: Stage) -> Stage:
    def make() -> StageFn:
        raise AssertionError(f"{stage.name} works on rows that are done")

    return replace(stage, make=make)


def settings_of(base: CvcSettings, **changes: Any) -> CvcSettings:
    return CvcSettings(**(base.model_dump() | {"n": 16, "max_right": MOST} | changes))


@pytest.fixture(scope="module")
def folder(copy_instances: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_instances(tmp_path_factory.mktemp("adaptive") / "run")


@pytest.fixture(scope="module")
def full(small_settings: CvcSettings, folder: Path) -> dict[str, list[Row]]:
    return small_run(settings_of(small_settings), folder)


@pytest.fixture(scope="module")
def pairs(full: dict[str, list[Row]], folder: Path) -> list[Row]:
    """The preference pairs of the full run; asked for before the adaptive run takes the same folder."""
    return json.loads((folder / "export" / "preference.json").read_text())


@pytest.fixture(scope="module")
def adaptive(
    small_settings: CvcSettings, full: dict[str, list[Row]], pairs: list[Row], folder: Path
) -> dict[str, list[Row]]:
    """The adaptive run in the folder of the full one: what comes before the trials must still hold."""
    return small_run(settings_of(small_settings, adaptive=True), folder, question=True, occlude=True, causality=True)


def said(trials: list[Row]) -> list[tuple[str, int, bool]]:
    return [(trial["text"], trial["seed"], trial["verdict"]) for trial in trials]


def test_an_adaptive_draw_is_the_beginning_of_the_full_one_and_stops_at_easy_instances_alone(
    full: dict[str, list[Row]], adaptive: dict[str, list[Row]]
) -> None:
    whole = {row["id"]: row for row in full["judge"]}
    assert [row["id"] for row in adaptive["judge"]] == list(whole)
    for row in adaptive["judge"]:
        assert said(row["trials"]) == said(whole[row["id"]]["trials"])[: row["drawn"]]
        assert (row["settled_by"] == "rule") == (row["drawn"] < 16)
        assert row["drawn"] == 16 or row["right"] > MOST
    assert any(row["drawn"] < 16 for row in adaptive["judge"])
    assert any(row["right"] <= MOST for row in adaptive["judge"])


def test_the_exact_rule_gives_the_training_rows_of_the_full_draw(
    full: dict[str, list[Row]], adaptive: dict[str, list[Row]]
) -> None:
    rationales = [[row for row in rows["mix"] if row["kind"] == "rationale"] for rows in (full, adaptive)]
    assert rationales[0]
    assert rationales[0] == rationales[1]
    hard = {row["id"] for row in full["judge"] if row["right"] <= MOST}
    answers = [[row for row in rows["mix"] if row["kind"] == "answer"] for rows in (full, adaptive)]
    assert [row for row in answers[0] if row["instance"] in hard] == [
        row for row in answers[1] if row["instance"] in hard
    ]


def test_of_an_easy_instance_rare_wordings_of_the_answer_may_be_missed_and_nothing_else(
    full: dict[str, list[Row]], adaptive: dict[str, list[Row]]
) -> None:
    whole = {row["id"]: row for row in full["mix"]}
    assert all(row == whole[row["id"]] for row in adaptive["mix"])
    assert {row["instance"] for row in adaptive["mix"]} == {row["instance"] for row in full["mix"]}


def test_the_preference_pairs_are_those_of_the_full_draw(
    pairs: list[Row], adaptive: dict[str, list[Row]], folder: Path
) -> None:
    assert pairs
    assert json.loads((folder / "export" / "preference.json").read_text()) == pairs


def test_rows_tell_how_hard_an_instance_is(full: dict[str, list[Row]], adaptive: dict[str, list[Row]]) -> None:
    for row in full["judge"] + adaptive["judge"] + adaptive["trials"]:
        right = sum(trial["verdict"] for trial in row["trials"])
        assert (row["right"], row["drawn"]) == (right, len(row["trials"]))
        assert row["pass_rate"] == right / row["drawn"]
        assert tuple(row["pass_interval"]) == wilson_interval(right, row["drawn"])
    assert adaptive["judge"] == adaptive["trials"]  # judged once, on the way


def test_only_trials_that_were_drawn_are_paid_for(
    full: dict[str, list[Row]], adaptive: dict[str, list[Row]], folder: Path
) -> None:
    [account] = [account for account in status(folder) if account.name == "trials"]
    paid, whole = (sum(t["tokens"] for row in rows["trials"] for t in row["trials"]) for rows in (adaptive, full))
    assert account.tokens == paid < whole


def test_a_draw_that_fails_on_the_way_tells_what_it_took_until_then(tmp_path: Path) -> None:
    class Tires:
        def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
            return [self.result(one) for one in requests]

        def result(self, one: Request) -> SampleResult:
            if one.id == "tired" and one.first_trial:
                return SampleResult(one.id, error=SampleFailure("lost", "no reply"))
            texts = ["It is a duck.", "It is a hat."] * (one.n // 2)
            return SampleResult(one.id, tuple(Trial(text, "stop", 5, -1.0, k) for k, text in enumerate(texts)))

    settings = CvcSettings(adaptive=True, n=12, adaptive_group=4, max_right=7)
    requests = [Request(id=name, messages=[{"role": "user", "content": "?"}], n=12) for name in ("tired", "awake")]
    judge = Judge(settings, tmp_path)
    found = guess_adaptively(requests, {"tired": ["duck"], "awake": ["duck"]}, Tires(), judge, settings)
    assert found["tired"] == Failed("lost", "no reply", 8 * 5)
    assert len(found["awake"]["trials"]) == 12  # type: ignore[index]


def test_report_and_summary_say_what_was_saved(
    small_settings: CvcSettings, adaptive: dict[str, list[Row]], folder: Path
) -> None:
    settings = settings_of(small_settings, adaptive=True)
    drawn, of = sum(row["drawn"] for row in adaptive["judge"]), 16 * len(adaptive["judge"])
    line = savings(settings, folder)
    assert line == f"adaptive trials: {drawn} of {of} drawn, {100 * (of - drawn) / of:.0f} % saved"
    page = make_report(settings, folder).read_text(encoding="utf-8")
    assert f"% of {of} saved" in page
    assert "where the draw stops" in page


def test_an_instance_is_given_up_only_where_that_is_asked_for(
    small_settings: CvcSettings,
    adaptive: dict[str, list[Row]],
    full: dict[str, list[Row]],
    folder: Path,
    tmp_path: Path,
) -> None:
    settings, out = settings_of(small_settings, adaptive=True, hopeless_after=4), tmp_path / "run"
    shutil.copytree(folder, out)
    given_up = small_run(settings, out, question=True)
    wrong_4 = {row["id"] for row in full["judge"] if not any(trial["verdict"] for trial in row["trials"][:4])}
    short = {row["id"]: row["drawn"] for row in given_up["judge"] if row["right"] == 0 and row["drawn"] < 16}
    assert short == dict.fromkeys(wrong_4, 4)
    kept = {row["id"] for row in given_up["mix"]}
    assert kept == {row["id"] for row in adaptive["mix"] if row["instance"] not in wrong_4}
    assert "given up before" in make_report(settings, out).read_text(encoding="utf-8")
    assert all(account.adds_up for account in status(out))


@pytest.mark.parametrize(
    ("changes", "stops"),
    [
        ({}, [(5, 8), (16, 16)]),
        ({"min_right": 3}, [(5, 8)]),  # a single right trial still makes an answer example
        ({"min_right": 3, "answer_examples": False}, [(5, 8), (0, 14), (1, 15)]),
        ({"hopeless_after": 8}, [(5, 8), (0, 8), (0, 12)]),
    ],
)
def test_a_draw_stops_where_no_trial_can_change_the_training_rows(
    changes: dict[str, Any], stops: list[tuple[int, int]]
) -> None:
    rule = stopping_rule(CvcSettings(adaptive=True, **changes))
    looked = [(0, 4), (4, 8), (5, 8), (0, 8), (0, 12), (0, 14), (1, 14), (1, 15), (4, 15), (16, 16)]
    stopped = {(right, drawn) for right, drawn in looked if drawn < 16 and rule(Tally(right, drawn, 16))}
    assert stopped >= {stop for stop in stops if stop[1] < 16}
    assert not stopped & {(0, 4), (4, 8), (4, 15)}
    assert ((0, 14) in stopped) == ((0, 14) in stops or (0, 12) in stops)


def test_what_decides_an_adaptive_draw_is_in_its_fingerprint_and_full_draws_keep_theirs(tmp_path: Path) -> None:
    plain = trials_stage(CvcSettings(), tmp_path).config
    assert plain == trials_stage(CvcSettings(min_similarity=0.5, max_right=9, adaptive_group=2), tmp_path).config
    assert not {"adaptive", "min_similarity"} & set(plain)
    changes: list[dict[str, Any]] = [{}, {"min_similarity": 0.5}, {"max_right": 9}, {"hopeless_after": 8}]
    changes += [{"embedder": "BAAI/bge-m3"}, {"answer_examples": False}, {"adaptive_group": 2}]
    configs = [trials_stage(CvcSettings(adaptive=True, **one), tmp_path).config for one in changes]
    assert all(one not in configs[:k] for k, one in enumerate(configs))
    assert judge_stage(CvcSettings(adaptive=True), tmp_path).config == judge_stage(CvcSettings(), tmp_path).config
