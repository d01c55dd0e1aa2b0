import json
import os
from pathlib import Path
from typing import Literal

import click
import pytest
import shard_runner.cli
from click.testing import CliRunner, Result
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from shard_runner import Row, RunSummary, Source, Stage, Step, read_rows
from shard_runner.cli import RunSettings, make_cli, run_by_settings, use_one_thread, write_json
from shard_runner.cli.settings import with_run_settings


class Training(BaseModel):
    lr: float = Field(2e-5, gt=0, description="Peak rate. Paper: 2e-5.")


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True)

    images: Path = Field(description="Folder of images.")
    count: int = Field(4, ge=1, description="Rows to make.")
    mode: Literal["plain", "loud"] = Field("plain", description="How to speak.")
    filtered: bool = Field(True, description="Keep the good ones only.")
    tags: list[str] = Field([], description="Tags to add.")
    service_key: SecretStr | None = Field(None, description="Key of the server.")
    training: Training = Training()


def build(settings: Settings, run_dir: Path) -> list[Step]:
    def work(rows: list[Row]) -> list[list[Row]]:
        if settings.mode == "loud":
            raise KeyboardInterrupt
        return [[{**row, "lr": settings.training.lr, "tags": settings.tags}] for row in rows]

    return [
        Source(name="numbers", rows=lambda: [{"id": f"n{i}"} for i in range(settings.count)]),
        Stage(
            name="work", make=lambda: work, config=settings.model_dump(mode="json", exclude={"images", "service_key"})
        ),
        Stage(name="after", make=lambda: lambda rows: [[row] for row in rows]),
    ]


def write_report(settings: Settings, run_dir: Path) -> Path:
    if settings.count == 13:
        raise RuntimeError("thirteen\nis unlucky")
    path = run_dir / "report.html"
    path.write_text(f"lr {settings.training.lr}")
    return path


cli = make_cli(
    "app",
    help="Makes numbers.",
    settings=Settings,
    build=build,
    stages={"work": "Work on the numbers."},
    demo=lambda run_dir, fast, seed: Settings(images=run_dir, count=(2 if fast else 3) + seed),
    report=write_report,
    headline=lambda settings, run_dir: f"{settings.count} rows, key {settings.service_key}",
)


def call(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env=environment)


def test_flags_win_over_the_file_and_the_settings_are_kept(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("images: photos\ncount: 6\ntraining:\n  lr: 0.5\n")
    out = tmp_path / "run"
    done = call("run", "--config", config, "--out", out, "--count", 3, "--tags", "a", "--tags", "b", "--no-filtered")
    assert done.exit_code == 0, done.output
    assert list(read_rows(out, "after")) == [{"id": f"n{i}", "lr": 0.5, "tags": ["a", "b"]} for i in range(3)]
    kept = json.loads((out / "run.json").read_text())["settings"]
    assert (kept["count"], kept["training"], kept["filtered"], kept["seed"]) == (3, {"lr": 0.5}, False, 0)
    assert f"report: {out / 'report.html'}" in done.output
    assert "numbers   3     3" in done.output


def test_every_setting_is_explained_in_help() -> None:
    text = " ".join(call("run", "--help").output.split())
    parts = ["--training-lr FLOAT", "Peak rate. Paper: 2e-5. [default: 2e-05]", "--mode [plain|loud]", "--limit"]
    parts += ["--filtered / --no-filtered", "Folder of images. [needed]", "[repeatable]", "--max-failed-share"]
    for part in parts:
        assert part in text
    assert "service" not in text


@pytest.mark.parametrize(
    ("config", "flags", "message"),
    [
        ("cout: 3", [], "run.yaml: unknown key 'cout'; did you mean 'count'?"),
        ("training: {rl: 3}", [], "run.yaml: unknown key 'training.rl'; did you mean 'training.lr'?"),
        ("images: [", [], "run.yaml is not valid YAML"),
        ("- 1", [], "run.yaml must hold settings as `key: value` lines; got a list"),
        ("service_key: secret", [], "service_key is a key: keep it out of"),
        (
            "count: none",
            ["--images", "i"],
            "count: Input should be a valid integer, unable to parse string as an integer",
        ),
        ("", [], "images is needed; give it in the --config file or as --images"),
        ("", ["--images", "i", "--training-lr", "-1"], "training.lr: Input should be greater than 0 (got -1.0)"),
        ("", ["--mode", "odd"], "Invalid value for '--mode': 'odd' is not one of 'plain', 'loud'."),
        ("", ["--nope"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_two(tmp_path: Path, config: str, flags: list[str], message: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(config)
    done = call("run", "--config", path, "--out", tmp_path / "run", *flags)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "run --help" in done.stderr


def test_a_failure_is_one_line_and_exit_code_one_unless_debug_is_asked_for(tmp_path: Path) -> None:
    arguments = ["run", "--out", tmp_path / "run", "--images", "i", "--count", 13]
    done = call(*arguments)
    assert (done.exit_code, done.stderr) == (1, "error: RuntimeError: thirteen is unlucky (--debug shows where)\n")
    assert isinstance(call(*arguments, "--debug").exception, RuntimeError)


def test_an_interrupt_exits_130_and_says_how_to_go_on(tmp_path: Path) -> None:
    done = call("run", "--out", tmp_path / "run", "--images", "i", "--mode", "loud")
    assert done.exit_code == 130
    assert "error: interrupted; the same command goes on where it stopped" in done.stderr
    state = call("status", tmp_path / "run")
    assert (state.exit_code, "unfinished, 4 to do" in state.output) == (0, True)


def test_a_stage_command_does_what_it_needs_and_no_more(tmp_path: Path) -> None:
    done = call("work", "--out", tmp_path / "run", "--images", "i", "--limit", 2)
    assert done.exit_code == 0
    assert "report" not in done.output
    assert len(list(read_rows(tmp_path / "run", "work"))) == 2
    assert not (tmp_path / "run" / "after").exists()


def test_status_explain_and_report_read_a_finished_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert call("demo", "--fast", "--out", out).exit_code == 0
    assert "every stage: in = done + dropped + failed" in call("status", out).output
    assert "work     n1  done -> n1" in call("explain", out, "n1").output
    (out / "report.html").unlink()
    assert "2 rows" in call("report", out).output
    assert (out / "report.html").exists()
    assert call("demo", "--fast", "--seed", 2, "--out", tmp_path / "other").exit_code == 0
    assert "4 rows" in call("report", tmp_path / "other").output
    missing = call("explain", out, "n7")
    assert (missing.exit_code, missing.stderr) == (1, f"error: no finished shard of {out} has a row with the id 'n7'\n")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"counts": 2}, "run.json: unknown key 'counts'; did you mean 'count'?"),
        ({"count": 0}, "count: Input should be greater than or equal to 1 (got 0)"),
    ],
)
def test_a_report_on_a_run_of_another_version_s_settings_says_so_and_what_to_do(
    tmp_path: Path, settings: dict[str, int], fault: str
) -> None:
    assert call("demo", "--fast", "--out", tmp_path).exit_code == 0
    record = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(record | {"settings": record["settings"] | settings}))
    told = call("report", tmp_path)
    todo = "run it again with those of today, or take the versions of the packages that its run.json names"
    expected = f"error: {tmp_path} was made with other settings than this version has ({fault}); {todo}\n"
    assert (told.exit_code, told.stderr) == (1, expected)


def test_keys_come_from_the_environment_and_reach_no_file(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = call("run", "--out", out, "--images", "i", SERVICE_KEY="open sesame")
    assert "key **********" in done.output
    assert "key **********" in call("report", out, SERVICE_KEY="open sesame").output
    assert not [path for path in out.rglob("*") if path.is_file() and b"sesame" in path.read_bytes()]
    assert "service_key" not in json.loads((out / "run.json").read_text())["settings"]


def test_the_public_names_are_these() -> None:
    assert shard_runner.cli.__all__ == [
        "OneLineGroup", "RunSettings", "check_one_round", "check_run_kind", "make_cli", "plain_address", "read_seeds",
        "read_settings", "rounds_above", "run_by_settings", "run_seeds", "use_one_thread", "write_json",
    ]  # fmt: skip


class OwnError(click.UsageError):
    pass


class OwnSettings(RunSettings):
    missing_error = OwnError

    base_url: str | None = None
    folder: Path | None = None


@pytest.mark.parametrize(("model", "error"), [(OwnSettings, OwnError), (with_run_settings(OwnSettings), OwnError)])
def test_a_setting_that_is_needed_is_there_or_an_error_of_the_app_s_own_class(
    model: type[OwnSettings], error: type[click.UsageError]
) -> None:
    assert model(base_url="http://a").needed("base_url", "an address") == "http://a"
    assert model(limit=3, seed=0).needed("seed", "zero is a value") == 0
    with pytest.raises(error, match=r"^--base-url is needed: an address\.$"):
        model().needed("base_url", "an address")
    assert "missing_error" not in model.model_fields


def test_picked_settings_are_plain_and_in_the_order_asked_for() -> None:
    picked = OwnSettings(folder=Path("photos")).picked("folder", "seed")
    assert list(picked.items()) == [("folder", "photos"), ("seed", 0)]


def test_a_run_takes_seed_limits_and_shards_from_its_settings_and_keeps_no_key(tmp_path: Path) -> None:
    class WithKey(OwnSettings):
        service_key: SecretStr | None = None

    settings = WithKey(seed=7, limit=2, shard_size=1, max_failed_share=0.25, service_key=SecretStr("open sesame"))
    pipeline = build(Settings(images=tmp_path), tmp_path)
    summary = run_by_settings(pipeline, tmp_path / "run", settings=settings, only=["work"], progress=False)
    assert [(account.name, account.rows_in) for account in summary.accounts] == [
        ("numbers", 2),
        ("work", 2),
        ("after", 0),
    ]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    wanted = {"seed": 7, "limit": 2, "shard_size": 1, "max_failed_share": 0.25}
    assert wanted.items() <= record.items()
    assert record["settings"] == wanted | {"base_url": None, "folder": None}


def test_json_is_utf_8_on_one_line_or_indented_and_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    write_json(path, [{"name": "Bär 🐻"}])
    assert path.read_bytes() == '[{"name": "Bär 🐻"}]\n'.encode()
    write_json(path, ["ä"], indent=1)
    assert path.read_bytes() == '[\n "ä"\n]\n'.encode()
    with pytest.raises(UnicodeEncodeError):
        write_json(path, "\ud83d")
    assert path.read_bytes() == '[\n "ä"\n]\n'.encode()


def test_one_thread_is_the_default_and_the_user_s_number_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    use_one_thread()
    assert os.environ["OMP_NUM_THREADS"] == "5"
    monkeypatch.delenv("OMP_NUM_THREADS")
    use_one_thread()
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_an_app_may_do_the_work_of_its_commands_itself(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def run(settings: Settings, run_dir: Path, stage: str | None) -> RunSummary:
        asked.append(stage)
        return run_by_settings(build(settings, run_dir)[:2], run_dir, settings=settings)

    own = make_cli("own", help="Its own way.", settings=Settings, build=build, stages={"work": "Work."}, run=run)
    for command in ("work", "run"):
        done = CliRunner().invoke(own, [command, "--images", "i", "--out", str(tmp_path / "run")])
        assert done.exit_code == 0, done.output
        assert "work" in done.output
        assert "after" not in done.output
    assert asked == ["work", None]


def test_an_app_says_which_steps_a_command_is_about(tmp_path: Path) -> None:
    class Rounds(Settings):
        rounds: int = Field(4, description="All of them steps of one pipeline.")

    def targets(settings: Rounds, stage: str) -> list[str]:
        return ["after"] if settings.rounds == 4 and stage == "finish" else []

    own = make_cli(
        "own", help="Its own names.", settings=Rounds, build=build, stages={"finish": "End."}, targets=targets
    )
    words = ["finish", "--images", "i", "--out", str(tmp_path / "run")]
    told = CliRunner().invoke(own, [*words, "--dry-run"])
    assert [line.split()[0] for line in told.output.splitlines()] == ["numbers", "work", "after"]
    assert CliRunner().invoke(own, words).exit_code == 0
    assert len(list(read_rows(tmp_path / "run", "after"))) == 4


def test_programs_get_json_of_a_run_its_forecast_its_accounts_and_a_rows_way(tmp_path: Path) -> None:
    out = tmp_path / "run"
    told = json.loads(call("run", "--out", out, "--images", "i", "--json", "--dry-run").output)
    assert (told[0]["name"], told[0]["will"]) == ("numbers", "read")
    done = json.loads(call("run", "--out", out, "--images", "i", "--json").output)
    assert (done["run_dir"], done["report"]) == (str(out), str(out / "report.html"))
    shown = json.loads(call("status", out, "--json").output)
    assert shown["adds_up"]
    assert shown["stages"] == done["stages"]
    assert (shown["stages"][1]["done"], shown["stages"][1]["pending"]) == (4, 0)
    assert json.loads(call("explain", out, "n1", "--json").output)[1]["ids_out"] == ["n1"]


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef app"), ("fish", "complete --")])
def test_completion_prints_the_lines_of_a_shell(shell: str, mark: str) -> None:
    assert mark in call("completion", shell).output


def test_a_command_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("--version").output == "app, version unknown: not installed as a package\n"
    named = make_cli("shard-runner", help="", settings=Settings, build=build, stages={})
    assert CliRunner().invoke(named, ["--version"]).output.startswith("shard-runner, version 0.")
