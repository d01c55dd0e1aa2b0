"""Training in rounds: folders, resuming, the split of evaluation questions, variety of regions, refusals."""

import json
from collections.abc import Iterator
from pathlib import Path

import chain_of_spot.rounds
import pytest
from chain_of_spot.cli import main
from chain_of_spot.errors import ChainOfSpotError, SettingsError
from chain_of_spot.evaluation import compare_task, ways
from chain_of_spot.pipeline import build_pipeline
from chain_of_spot.report import make_report
from chain_of_spot.rounds import count_questions, measure_rows, region_variety, run_command, run_whole
from chain_of_spot.settings import CosSettings
from click.testing import CliRunner
from llava_train.round_folders import load_rounds
from llava_train.validation_split import is_validation
from shard_runner import Dropped, Row, Source, Stage, StageFn, Step, Task, TaskContext, read_rows, run
from shard_runner.cli import run_by_settings
from shard_runner.stages import plan_pipeline


class Killed(BaseException):
    """Stops a run as a kill does: nothing catches it."""


class Work:
    """A pipeline with the steps that rounds ask for; a model is a folder with a number, training adds one."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.kill_in = ""

    def pipeline(self, settings: CosSettings, run_dir: Path) -> list[Step]:
        model = Path(str(settings.model))
        known = {"skill": skill(model)}
        rows = [dialogue(f"p{k // 2}", f"[{k % 2}.{skill(model)}]") | {"id": f"d{k}"} for k in range(5)]
        return [
            Source(name="maps", rows=lambda: iter(rows), config=known),
            Stage(name="annotate", make=drop_the_last),
            Stage(name="dialogues", make=lambda: self.noted(run_dir, "dialogues")),
            Task(name="train", run=lambda ctx: self.train(ctx, run_dir, model), config=known),
            *(self.grades(when, run_dir, model) for when in ("before", "after")),
        ]

    def noted(self, run_dir: Path, name: str) -> StageFn:
        self.done.append((run_dir.name, name))
        return lambda rows: [[row] for row in rows]

    def train(self, ctx: TaskContext, run_dir: Path, model: Path) -> None:
        if self.kill_in == run_dir.name:
            self.kill_in = ""
            raise Killed
        self.noted(run_dir, "train")
        (ctx.folder / "model").mkdir()
        (ctx.folder / "model" / "skill").write_text(str(skill(model) + 1))

    def grades(self, when: str, run_dir: Path, model: Path) -> Source:
        asked = model if when == "before" else run_dir / "train" / "model"
        return Source(name=f"grades-{when}", rows=lambda: graded(skill(asked)))


def drop_the_last() -> StageFn:
    return lambda rows: [Dropped("no_region") if row["id"] == "d4" else [row] for row in rows]


def skill(model: Path) -> int:
    return int((model / "skill").read_text()) if model.is_dir() else 0


def graded(known: int) -> Iterator[Row]:
    """Of each of eight pictures four questions; one more is right for each round."""
    for k in range(32):
        trial = {"text": "yes", "score": float(k % 4 <= known)}
        yield {"id": f"q{k}", "task": "all", "cluster": f"c{k // 4}", "trials": [trial]}


def dialogue(picture: str, region: str) -> Row:
    turns = [{"content": [{"text": text}]} for text in ("Where?", region, "What?", "a cup")]
    return {"kind": "zoom", "images": [picture, "crop"], "messages": turns}


@pytest.fixture(scope="module")
def work() -> Iterator[Work]:
    made = Work()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain_of_spot.rounds, "build_pipeline", made.pipeline)
        patch.setattr(chain_of_spot.rounds, "make_report", lambda settings, run_dir: run_dir / "report.html")
        yield made


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> CosSettings:
    base = tmp_path_factory.mktemp("models") / "base"
    base.mkdir()
    (base / "skill").write_text("0")
    return CosSettings(model=str(base), data=base / "mix.json", eval_data=base / "questions.json", rounds=2)


@pytest.fixture(scope="module")
def whole(work: Work, settings: CosSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two rounds."""
    out = tmp_path_factory.mktemp("rounds") / "whole"
    run_whole(settings, out, progress=False)
    return out


def test_each_round_starts_from_the_model_of_the_one_before_and_the_best_is_told(whole: Path) -> None:
    found = load_rounds(whole)
    assert found is not None
    assert [record.evaluation.score for record in found.records] == [0.25, 0.5, 0.75]
    assert [record.model for record in found.records[1:]] == [str(whole / f"round-{k}/train/model") for k in (1, 2)]
    assert found.best.number == 2
    assert found.records[1].counts == {"kept": 4, "no_region": 1}
    assert found.records[1].collapse is not None
    assert (found.records[1].collapse.distinct_share, found.records[1].collapse.agreement) == (0.5, 0.0)
    second = json.loads((whole / "round-2" / "run.json").read_text())["settings"]
    assert (second["rounds"], second["validation_share"], second["model"]) == (1, 0.5, found.records[1].model)


def test_killed_in_a_later_round_the_same_call_goes_on_and_ends_with_the_same_rounds(
    work: Work, settings: CosSettings, whole: Path, tmp_path: Path
) -> None:
    steps = [(f"round-{number}", name) for number in (1, 2) for name in ("dialogues", "train")]
    work.done.clear()
    work.kill_in = "round-2"
    with pytest.raises(Killed):
        run_whole(settings, tmp_path, progress=False)
    assert load_rounds(tmp_path) is None
    run_whole(settings, tmp_path, progress=False)
    assert work.done == steps, "what was done is done once"
    ended = (tmp_path / "rounds.json").read_text()
    assert ended.replace(str(tmp_path), str(whole)) == (whole / "rounds.json").read_text()


def test_the_page_and_the_headline_tell_of_the_rounds(whole: Path) -> None:
    told = CliRunner().invoke(main, ["report", str(whole)])
    assert told.exit_code == 0, told.output
    assert f"best by validation: round 2, {whole}/round-2/train/model; all 2 rounds are done." in told.output
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert "round-2/report.html" in page
    assert "no_region" in page


def test_with_one_round_no_step_depends_on_the_new_settings(small_settings: CosSettings, tmp_path: Path) -> None:
    steps = build_pipeline(small_settings, tmp_path)
    assert not {"rounds", "patience", "least_distinct", "validation_share"} & {k for one in steps for k in one.config}
    more = small_settings.model_copy(update={"rounds": 3, "patience": 1, "least_distinct": 0.1})
    one, several = (plan_pipeline(build_pipeline(some, tmp_path), seed=0) for some in (small_settings, more))
    assert one.recipes == several.recipes


def test_validation_questions_are_left_out_of_every_comparison(small_settings: CosSettings, tmp_path: Path) -> None:
    compared = {}
    for share in (None, 0.5):
        some = small_settings.model_copy(update={"validation_share": share})
        sources = [Source(name=f"grades-{way.name}", rows=lambda: graded(1)) for way in ways(some)]
        run([*sources, compare_task(some)], tmp_path, seed=0, progress=False)
        files = [tmp_path / "eval" / f"against-{name}.json" for name in ("before", "plain")]
        compared[share] = [json.loads(path.read_text())[-1]["n"] for path in files]
    test = [k for k in range(32) if not is_validation(f"c{k // 4}", share=0.5, seed=0)]
    assert compared == {None: [32, 32], 0.5: [len(test)] * 2}
    assert 0 < len(test) < 32


def test_a_split_without_questions_is_refused() -> None:
    seed = next(seed for seed in range(9) if not is_validation("c0", share=0.5, seed=seed))
    with pytest.raises(ChainOfSpotError, match="no question is for validation: give more --eval-data"):
        measure_rows(list(graded(0))[:4], share=0.5, seed=seed)


def test_regions_agree_between_the_questions_of_one_picture_and_plain_rows_do_not_count() -> None:
    found = region_variety([dialogue("a", "[1]"), dialogue("a", "[1]"), dialogue("b", "[1]"), dialogue("b", "[2]")])
    assert found is not None
    assert (found.answers, found.distinct_share, found.agreement) == (4, 0.5, 0.5)
    assert region_variety([dialogue("a", "[1]") | {"kind": "plain"}]) is None


def test_one_step_of_several_rounds_is_refused_in_one_line(settings: CosSettings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        run_command(settings, tmp_path / "run", "dialogues")
    assert str(refused.value) == (
        f"`chain-of-spot dialogues` works in one round: leave --rounds out, and give --out {tmp_path}/run/round-K, the "
        "--model that the round starts from and --validation-share 0.5."
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--least-distinct", "0.5"], "patience and least_distinct stop rounds"),
        (["--rounds", "2", "--boxes", "boxes.json"], "leave boxes out"),
        (["--rounds", "2", "--data", "mix.json", "--model", "tiny"], "--eval-data is needed"),
    ],
)
def test_settings_that_do_not_go_with_rounds_are_refused(flags: list[str], words: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "run"), *flags])
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_model_that_is_no_folder_is_told_before_the_run_folder_is_touched(tmp_path: Path) -> None:
    flags = ["--rounds", "2", "--data", "mix.json", "--eval-data", "questions.json", "--model", "./none"]
    done = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "run"), *flags])
    assert (done.exit_code, done.output[:43]) == (1, "error: model './none' is no folder; give on")
    assert not (tmp_path / "run").exists()


def test_a_folder_holds_one_kind_of_run(settings: CosSettings, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds a run in rounds"):
        run_whole(settings.model_copy(update={"rounds": 1}), whole, progress=False)
    run([Source(name="questions", rows=lambda: iter([{"id": "a"}]))], tmp_path, seed=0, progress=False)
    with pytest.raises(SettingsError, match="holds a run of one round"):
        run_whole(settings, tmp_path, progress=False)


@pytest.mark.slow
@pytest.mark.long
def test_two_rounds_on_the_drawn_world_give_a_model_each_and_a_page(
    small_settings: CosSettings, tmp_path: Path
) -> None:
    changes = {"rounds": 2, "train_method": "lora", "controls": []}
    run_whole(small_settings.model_copy(update=changes), tmp_path, progress=False)
    found = load_rounds(tmp_path)
    assert found is not None
    assert [record.number for record in found.records] == [0, 1, 2]
    weights = [(tmp_path / f"round-{k}/train/model/model.safetensors").read_bytes() for k in (1, 2)]
    assert weights[0] != weights[1]
    assert (tmp_path / "round-2" / "report.html").is_file()
    assert count_questions(tmp_path / "round-2")["kept"] == 12
    before, after = (
        {row["id"]: row["trials"] for row in read_rows(tmp_path / folder, name)}
        for folder, name in (("round-2", "answers-before"), ("round-1", "answers-after-plain"))
    )
    assert before == after


def test_the_page_of_a_round_leads_to_that_of_all_rounds(tmp_path: Path) -> None:
    settings = CosSettings(model="m")
    for folder in (tmp_path, tmp_path / "round-1", tmp_path / "alone"):
        run_by_settings([], folder, settings=settings, progress=False)
    pages = [make_report(settings, tmp_path / name).read_text(encoding="utf-8") for name in ("round-1", "alone")]
    assert ['<a href="../report.html">' in page for page in pages] == [True, False]
