"""Runs in rounds: a folder without stages, a run for each round in it."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from shard_runner import Source, Step
from shard_runner.cli import RunSettings, check_one_round, check_run_kind, make_cli, rounds_above, run_by_settings


def numbers(settings: RunSettings, run_dir: Path) -> list[Step]:
    return [Source(name="numbers", rows=lambda: [{"id": "n0"}])]


app = make_cli("app", help="Counts.", settings=RunSettings, build=numbers, stages={})


def status_of(run_dir: Path) -> Result:
    return CliRunner().invoke(app, ["status", str(run_dir)])


def make_run(run_dir: Path, pipeline: list[Step] | None = None) -> None:
    steps = numbers(RunSettings(), run_dir) if pipeline is None else pipeline
    run_by_settings(steps, run_dir, settings=RunSettings(), progress=False)


def test_the_status_of_a_folder_of_rounds_names_their_runs_in_order_in_one_line(tmp_path: Path) -> None:
    make_run(tmp_path, [])
    assert status_of(tmp_path).output == f"{tmp_path} holds no stages\n"
    for name in ("round-10", "round-2", "round-1", "round-2.next", "round-03", "other"):
        make_run(tmp_path / name)
    (tmp_path / "round-4").mkdir()  # no run yet
    names = ", ".join(str(tmp_path / name) for name in ("round-1", "round-2", "round-10"))
    told = status_of(tmp_path)
    assert told.output == f"{tmp_path} holds no stages; each round is a run of its own: {names}\n"
    assert told.exit_code == 0
    assert "every stage: in = done + dropped + failed" in status_of(tmp_path / "round-2").output


def test_a_folder_holds_rounds_or_one_plain_run(tmp_path: Path) -> None:
    for rounds in (1, 2):
        check_run_kind(tmp_path / "missing", rounds)
    plain, several = tmp_path / "plain", tmp_path / "several"
    make_run(plain)
    check_run_kind(plain, 1)
    with pytest.raises(click.UsageError, match="plain holds a run of one round: leave --rounds out, or give another"):
        check_run_kind(plain, 2)
    make_run(several, [])
    check_run_kind(several, 2)  # stopped before its first round
    (several / "round-1").mkdir()
    check_run_kind(several, 3)
    with pytest.raises(click.UsageError, match="several holds a run in rounds: give --rounds 2 or more, or another"):
        check_run_kind(several, 1)


def test_an_app_may_raise_its_own_error(tmp_path: Path) -> None:
    class OwnError(click.UsageError):
        pass

    (tmp_path / "round-1").mkdir()
    with pytest.raises(OwnError):
        check_run_kind(tmp_path, 1, error=OwnError)


def test_a_round_knows_the_folder_of_rounds_that_it_is_one_of(tmp_path: Path) -> None:
    make_run(tmp_path, [])
    make_run(tmp_path / "round-2")
    assert rounds_above(tmp_path / "round-2") == tmp_path
    make_run(tmp_path / "other")
    make_run(tmp_path / "plain" / "round-1")  # a run that somebody gave the name of a round
    make_run(tmp_path / "foreign" / "round-1")
    (tmp_path / "foreign" / "run.json").write_text('{"lr": 1}')
    (tmp_path / "round-3").mkdir()
    names = ("other", "plain/round-1", "foreign/round-1", "round-3", ".")
    assert [rounds_above(tmp_path / name) for name in names] == [None] * 5


def test_several_rounds_are_not_told_before_they_are_run() -> None:
    check_one_round(1)
    with pytest.raises(click.UsageError, match="--dry-run tells of one round: leave --rounds out, and give --out"):
        check_one_round(2)
