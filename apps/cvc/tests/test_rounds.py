"""Training in rounds: folders, what is carried from round to round, resuming, the split of held-out rows, refusals."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cvc.rounds
import pytest
from click.testing import CliRunner
from cvc.cli import main
from cvc.errors import CvcError, SettingsError
from cvc.evaluation import evaluation_steps
from cvc.pipeline import build_pipeline
from cvc.report import make_report
from cvc.rounds import measure_rows, run_command, run_whole, trial_variety
from cvc.settings import CvcSettings
from llava_train.round_folders import load_rounds
from llava_train.validation_split import is_validation
from shard_runner import Row, RunSummary, Source, Stage, Step, Task, TaskContext, read_rows, run, status
from shard_runner.cli import run_by_settings
from shard_runner.stages import plan_pipeline


class Killed(BaseException):
    """Stops a run as a kill does: nothing catches it."""


class Work:
    """A pipeline with the steps that rounds ask for; a model is a folder with a number, training adds one."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.kill_in = ("", "")

    def pipeline(self, settings: CvcSettings, run_dir: Path) -> list[Step]:
        model = Path(str(settings.model))
        identity = {"skill": skill(model), "rate": settings.learning_rate}
        asked = Source(name="question", rows=lambda: ({"id": f"i{k}"} for k in range(6)))
        guessed = ({"id": f"i{k}", "trials": trials(skill(model))} for k in range(6))
        return [
            asked,
            Stage(name="occlude", make=lambda: self.noted(run_dir, "occlude")),
            Source(name="trials", rows=lambda: guessed, config=identity),
            Stage(name="judge", make=lambda: self.noted(run_dir, "judge")),
            Stage(name="mix", make=lambda: lambda rows: [[row] for row in rows]),
            Task(name="train", run=lambda ctx: self.train(ctx, run_dir, model, settings), config=identity),
            *(self.scores(when, run_dir, settings) for when in ("before", "after")),
        ]

    def noted(self, run_dir: Path, name: str) -> Any:
        self.done.append((run_dir.name, name))
        return lambda rows: [[row] for row in rows]

    def train(self, ctx: TaskContext, run_dir: Path, model: Path, settings: CvcSettings) -> None:
        if self.kill_in == (run_dir.name, "train"):
            self.kill_in = ("", "")
            raise Killed
        self.done.append((run_dir.name, "train"))
        (ctx.folder / "model").mkdir()
        (ctx.folder / "model" / "skill").write_text(str(skill(model) + 1))
        (ctx.folder / "run.json").write_text(json.dumps({"rate": settings.learning_rate}))

    def scores(self, when: str, run_dir: Path, settings: CvcSettings) -> Source:
        model = Path(str(settings.model)) if when == "before" else run_dir / "train" / "model"

        def rows() -> Iterator[Row]:
            known = skill(model) if model.is_dir() else 0
            for k in range(8):
                yield {"id": f"q{k}", "cluster": f"c{k}", "right": known + 1, "trials": trials(known)}

        return Source(name=f"grades-{when}", rows=rows)


def skill(model: Path) -> int:
    return int((model / "skill").read_text()) if model.is_dir() else 0


def trials(known: int) -> list[Row]:
    return [{"text": f"guess {k}", "verdict": k <= known} for k in range(4)]


def base_settings(folder: Path) -> CvcSettings:
    (folder / "base").mkdir()
    (folder / "base" / "skill").write_text("0")
    files = {name: folder / name for name in ("captions", "images", "annotations", "eval_data")}
    return CvcSettings(model=str(folder / "base"), rounds=2, **files)


@pytest.fixture(scope="module")
def work() -> Iterator[Work]:
    made = Work()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cvc.rounds, "build_pipeline", made.pipeline)
        patch.setattr(cvc.rounds, "make_report", lambda settings, run_dir: run_dir / "report.html")
        yield made


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> CvcSettings:
    return base_settings(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def whole(work: Work, settings: CvcSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two rounds."""
    out = tmp_path_factory.mktemp("rounds") / "whole"
    run_once(settings, out)
    return out


def run_once(settings: CvcSettings, out: Path) -> RunSummary:
    return run_whole(settings, out, progress=False)


def test_each_round_starts_from_the_model_of_the_one_before_and_the_best_is_told(whole: Path) -> None:
    found = load_rounds(whole)
    assert found is not None
    assert [record.evaluation.score for record in found.records] == [0.25, 0.5, 0.75]
    assert [record.evaluation.test for record in found.records] == [0.25, 0.5, 0.75]
    assert [record.model for record in found.records[1:]] == [str(whole / f"round-{k}/train/model") for k in (1, 2)]
    assert found.best.number == 2
    assert found.records[1].counts == {"kept": 6}
    assert found.stopped == "all 2 rounds are done."
    second = json.loads((whole / "round-2" / "run.json").read_text())["settings"]
    assert (second["rounds"], second["validation_share"], second["model"]) == (1, 0.5, found.records[1].model)
    assert all(account.finished and account.adds_up for account in status(whole / "round-2"))


def test_killed_in_a_later_round_the_same_call_goes_on_and_ends_with_the_same_rounds(
    work: Work, settings: CvcSettings, whole: Path, tmp_path: Path
) -> None:
    worked = {"round-1": ["judge", "train", "occlude"], "round-2": ["judge", "train"]}
    steps = [(folder, name) for folder, names in worked.items() for name in names]
    work.done.clear()
    work.kill_in = ("round-2", "train")
    out = tmp_path / "killed"
    with pytest.raises(Killed):
        run_once(settings, out)
    assert work.done == steps[:-1]
    assert load_rounds(out) is None
    run_once(settings, out)
    assert work.done == steps, "what was done is done once, and what no model made is taken over"
    assert list(read_rows(out / "round-2", "occlude"))
    ended = (out / "rounds.json").read_text()
    assert ended.replace(str(out), str(whole)) == (whole / "rounds.json").read_text()
    work.done.clear()
    run_once(settings.model_copy(update={"learning_rate": 1e-3}), out)
    assert work.done == [("round-1", "judge"), ("round-1", "train"), ("round-2", "judge"), ("round-2", "train")]


def test_rounds_end_before_training_on_trials_that_are_alike(work: Work, settings: CvcSettings, tmp_path: Path) -> None:
    run_once(settings.model_copy(update={"least_distinct": 0.5}), tmp_path / "run")
    found = load_rounds(tmp_path / "run")
    assert found is not None
    assert found.stopped == "round 1 collapsed: 16.7 % of its answers are distinct."
    assert found.best.number == 0


def test_the_page_and_the_headline_tell_of_the_rounds(whole: Path) -> None:
    told = CliRunner().invoke(main, ["report", str(whole)])
    assert told.exit_code == 0, told.output
    assert f"best by validation: round 2, {whole}/round-2/train/model; all 2 rounds are done." in told.output
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert "round-2/report.html" in page
    assert "Is variety lost?" in page


def test_with_one_round_no_step_depends_on_the_new_settings(small_settings: CvcSettings, tmp_path: Path) -> None:
    steps = build_pipeline(small_settings, tmp_path)
    assert not {"rounds", "patience", "least_distinct", "validation_share"} & {k for one in steps for k in one.config}
    more = small_settings.model_copy(update={"rounds": 3, "patience": 1, "least_distinct": 0.1})
    one, several = (plan_pipeline(build_pipeline(some, tmp_path), seed=0) for some in (small_settings, more))
    assert one.recipes == several.recipes


def test_validation_rows_are_left_out_of_the_comparison(small_settings: CvcSettings, tmp_path: Path) -> None:
    trial = {"verdict": True}
    rows = [{"id": f"q{k}", "cluster": f"c{k}", "task": "completion", "right": 1, "greedy": trial, "trials": [trial]}
            for k in range(20)]  # fmt: skip
    compared = {}
    for share in (None, 0.5):
        some = small_settings.model_copy(update={"validation_share": share})
        sources = [Source(name=f"grades-{when}", rows=lambda: iter(rows)) for when in ("before", "after")]
        run([*sources, evaluation_steps(some, tmp_path)[-1]], tmp_path, seed=0, progress=False)
        compared[share] = json.loads((tmp_path / "eval" / "against-before.json").read_text())[0]["n"]
    test = [row for row in rows if not is_validation(row["cluster"], share=0.5, seed=0)]
    assert compared == {None: 20, 0.5: len(test)}
    assert 5 <= len(test) <= 15


def test_a_split_without_rows_is_refused() -> None:
    rows = [{"id": str(k), "cluster": "one", "right": 1, "trials": [{}, {}]} for k in range(4)]
    seed = next(seed for seed in range(9) if not is_validation("one", share=0.5, seed=seed))
    with pytest.raises(CvcError, match="No held-out row is for validation: hold more out"):
        measure_rows(rows, share=0.5, seed=seed)


def test_held_out_images_are_split_by_another_draw_than_that_which_held_them_out() -> None:
    names = [f"image-{k}" for k in range(2000)]
    held = [name for name in names if cvc.trials.is_held_out(name, CvcSettings(held_out_share=0.1))]
    assert 0.35 < sum(is_validation(name, share=0.5, seed=0) for name in held) / len(held) < 0.65


def test_trials_agree_if_they_name_the_same_thing() -> None:
    texts = ["There are rails. Answer: train", "I see smoke. Answer: Train", "Answer: bus", "Answer: bus"]
    found = trial_variety([{"trials": [{"text": text} for text in texts]}])
    assert found.distinct_share == 0.75
    assert found.agreement == pytest.approx(2 / 6)


def test_one_step_of_several_rounds_is_refused_in_one_line(settings: CvcSettings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        run_command(settings, tmp_path / "run", "judge")
    assert str(refused.value) == (
        f"`cvc judge` works in one round: leave --rounds out, and give --out {tmp_path}/run/round-K, the --model that "
        "the round starts from and --validation-share 0.5."
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--patience", "1"], "patience and least_distinct stop rounds"),
        (
            ["--rounds", "2", "--backend", "server", "--base-url", "http://127.0.0.1:9/v1"],
            "rounds above 1 need backend",
        ),
        (["--rounds", "0"], "rounds"),
        (["--validation-share", "1"], "validation_share"),
    ],
)
def test_settings_that_do_not_go_with_rounds_are_refused(flags: list[str], words: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "run"), *flags])
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_folder_holds_one_kind_of_run(settings: CvcSettings, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds a run in rounds"):
        run_once(settings.model_copy(update={"rounds": 1}), whole)
    run([Source(name="captions", rows=lambda: iter([{"id": "a"}]))], tmp_path, seed=0, progress=False)
    with pytest.raises(SettingsError, match="holds a run of one round"):
        run_once(settings, tmp_path)


@pytest.mark.slow
@pytest.mark.long
def test_two_rounds_on_the_drawn_world_give_a_model_each_and_a_page(
    small_settings: CvcSettings, tmp_path: Path
) -> None:
    given = small_settings.model_dump() | {"rounds": 2, "train_method": "lora", "max_steps": 2}
    run_once(CvcSettings(**given), tmp_path)
    found = load_rounds(tmp_path)
    assert found is not None
    assert [record.number for record in found.records] == [0, 1, 2]
    weights = [(tmp_path / f"round-{k}/train/model/model.safetensors").read_bytes() for k in (1, 2)]
    assert weights[0] != weights[1]
    assert (tmp_path / "round-2" / "report.html").is_file()
    before, after = ({row["id"]: row["trials"] for row in read_rows(tmp_path / folder, name)} for folder, name in
                     (("round-2", "grades-before"), ("round-1", "grades-after")))  # fmt: skip
    assert before == after


def test_the_page_of_a_round_leads_to_that_of_all_rounds(tmp_path: Path) -> None:
    settings = CvcSettings(model="m")
    for folder in (tmp_path, tmp_path / "round-1", tmp_path / "alone"):
        run_by_settings([], folder, settings=settings, progress=False)
    pages = [make_report(settings, tmp_path / name).read_text(encoding="utf-8") for name in ("round-1", "alone")]
    assert ['<a href="../report.html">' in page for page in pages] == [True, False]
