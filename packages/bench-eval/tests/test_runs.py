"""Benchmarks asked of a model: every answer saved, graded again without asking, compared between two models."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_eval import Answers, BenchEvalError, Decoding, FileError, Grade, PairingError, Question
from bench_eval.measures import Measured, Metric, ratio
from bench_eval.runs import (
    AnswerCounts,
    AskedModel,
    compare_runs,
    comparison_to_json,
    comparison_to_latex,
    comparison_to_markdown,
    comparison_to_text,
    disagreements_to_json,
    find_disagreements,
    load_answers,
    results_to_rows,
    run_task,
    saved_tasks,
    score_task,
)
from bench_eval.runs.comparison_page import write_comparison_page
from bench_eval.tasks.pope import POPE
from roi_attention.zoom import ZoomSettings

from .pope_files import Counted, knows, says_yes, write_pope

TASKS = {"pope": POPE}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pope(tmp_path / "data")


def test_every_row_is_asked_once_as_the_task_says(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model())
    assert len(model.asked) == 24
    assert len({question.id for question in model.asked}) == 24
    assert {question.decoding for question in model.asked} == {POPE.decoding}
    assert all(Path(question.images[0]).exists() for question in model.asked)
    run_task(POPE, data, tmp_path / "run", model.model())
    assert (len(model.asked), model.opened) == (24, 1)


def test_scores_come_with_all_that_belongs_to_them(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(says_yes).model("always-yes"))
    result = score_task(POPE, load_answers(tmp_path / "run", "pope"))
    figures = {figure.metric: figure for figure in result.figures}
    assert figures["mean f1"].value == pytest.approx(2 / 3)
    assert (result.model, result.profile, result.tokens) == ("always-yes", "official", 48)
    assert result.counts == AnswerCounts(rows=24, failed=0, trials=24, unparsed=0, empty=0, truncated=0, unscored=0)
    assert len(result.prompt_hash) == 16
    assert result.figures[0].n_clusters == 4


def test_other_rules_grade_saved_answers_without_asking(data: Path, tmp_path: Path) -> None:
    model = Counted(says_yes)
    run_task(POPE, data, tmp_path / "run", model.model())
    answers = load_answers(tmp_path / "run", "pope")
    strict = score_task(POPE, answers, POPE.profile("lmms-eval"))
    assert strict.figures[0].value == pytest.approx(0)  # "Yes." is neither yes nor no there
    assert strict.counts.unparsed == 24
    assert len(model.asked) == 24


def test_a_disagreement_names_the_answer_and_what_each_profile_made_of_it(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(says_yes).model())
    report = find_disagreements(load_answers(tmp_path / "run", "pope").rows, POPE, ["official", "lmms-eval"])
    assert report.n == 24
    assert len(report.items) == 12  # where the answer is yes
    item = report.items[0]
    assert (item.text, item.gold) == ("Yes.", "yes")
    assert item.scores == {"official": 1.0, "lmms-eval": 0.0}
    assert item.answers == {"official": "yes", "lmms-eval": ""}
    assert report.pairs() == [("official", "lmms-eval", 12, 0)]
    assert report.means == {"official": 0.5, "lmms-eval": 0.0}
    assert report.rules["lmms-eval"].startswith("The whole answer must be yes or no")


def test_a_limit_asks_the_first_rows_and_the_whole_later(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model(), limit=5)
    answers = load_answers(tmp_path / "run", "pope")
    assert (len(answers.rows), answers.record.limit) == (5, 5)
    run_task(POPE, data, tmp_path / "run", model.model())
    assert len(load_answers(tmp_path / "run", "pope").rows) == 24


def test_several_workers_share_a_small_benchmark_and_come_to_the_same_answers(data: Path, tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    script = Path(__file__).with_name("shared_asking.py")
    done = subprocess.run([sys.executable, str(script), str(data), str(tmp_path)], capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "processes").iterdir())) == 2
    run_task(POPE, data, tmp_path / "alone", Counted(knows).model())
    rows = [load_answers(tmp_path / name, "pope").rows for name in ("run", "alone")]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 24


def test_other_decoding_or_another_model_asks_anew(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model())
    run_task(POPE, data, tmp_path / "run", model.model(), decoding=replace(POPE.decoding, n=3, temperature=1.0))
    assert len(model.asked) == 48
    assert len(load_answers(tmp_path / "run", "pope").rows[0]["trials"]) == 3
    run_task(POPE, data, tmp_path / "run", model.model("other"))
    assert len(model.asked) == 72


def test_rows_that_the_model_could_not_answer_are_counted_and_asked_again(data: Path, tmp_path: Path) -> None:
    sick = True

    def ask(questions: Any) -> list[Answers]:
        return [
            Answers(one.id, error="out of memory") if sick and one.id.endswith("/3") else Answers(one.id, [knows(one)])
            for one in questions
        ]

    model = AskedModel(name="m", identity="m", make_sampler=lambda: ask)
    run_task(POPE, data, tmp_path / "run", model)
    answers = load_answers(tmp_path / "run", "pope")
    assert (len(answers.rows), answers.n_failed) == (21, 3)
    assert score_task(POPE, answers).counts.failed == 3
    sick = False
    run_task(POPE, data, tmp_path / "run", model)
    assert load_answers(tmp_path / "run", "pope").n_failed == 0


def test_thoughts_are_not_graded_and_stay_saved(data: Path, tmp_path: Path) -> None:
    thinking = Counted(lambda question: f"<think>No. Not at all. No?</think>{knows(question)}")
    run_task(POPE, data, tmp_path / "run", thinking.model())
    answers = load_answers(tmp_path / "run", "pope")
    assert score_task(POPE, answers).figures[0].value == 1
    assert answers.rows[0]["trials"][0]["text"].startswith("<think>")


def test_two_models_are_compared_with_all_that_a_reader_asks_for(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "before", Counted(says_yes).model("base"))
    run_task(POPE, data, tmp_path / "after", Counted(knows).model("base + adapter"))
    comparison = compare_runs(tmp_path / "before", tmp_path / "after", TASKS)
    task = comparison.tasks[0]
    assert (task.headline.before, task.headline.after) == (pytest.approx(2 / 3), 1.0)
    assert task.headline.difference == pytest.approx(1 / 3)
    assert task.headline.test == "swap"
    assert task.headline.p == 2 * 0.5**4  # four images, all better: every swap at once, or none
    assert (task.tokens_before, task.tokens_after) == (48, 48)
    text = comparison_to_text(comparison)
    assert "66.7  100.0   +33.3" in text
    assert "p (Holm)" in text
    assert "base + adapter" in comparison_to_markdown(comparison)
    assert comparison_to_latex(comparison).startswith("\\begin{tabular}")
    assert '"p_holm": 0.125' in comparison_to_json(comparison)
    page = write_comparison_page(comparison, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "+33.3" in page
    assert "official" in page


def test_p_values_are_corrected_for_the_number_of_tasks(data: Path, tmp_path: Path) -> None:
    twin = replace(POPE, name="pope_again")
    for folder, answer in (("before", says_yes), ("after", knows)):
        for task in (POPE, twin):
            run_task(task, data, tmp_path / folder, Counted(answer).model(folder))
    assert saved_tasks(tmp_path / "before") == ["pope", "pope_again"]
    comparison = compare_runs(tmp_path / "before", tmp_path / "after", {"pope": POPE, "pope_again": twin})
    assert [task.p_holm for task in comparison.tasks] == [0.25, 0.25]


def test_runs_that_were_asked_otherwise_are_not_compared(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "before", Counted(knows).model())
    run_task(POPE, data, tmp_path / "after", Counted(knows).model(), decoding=Decoding(max_new_tokens=7))
    with pytest.raises(PairingError, match="same decoding"):
        compare_runs(tmp_path / "before", tmp_path / "after", TASKS)
    with pytest.raises(FileError, match="holds no answers to pope; it holds: none"):
        compare_runs(tmp_path / "before", tmp_path / "nowhere", TASKS, names=["pope"])
    with pytest.raises(PairingError, match="no task is in both"):
        compare_runs(tmp_path / "before", tmp_path / "nowhere", TASKS)


def test_rows_of_one_side_alone_are_an_error_or_counted(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "before", Counted(knows).model())
    run_task(POPE, data, tmp_path / "after", Counted(knows).model(), limit=10)
    with pytest.raises(PairingError, match="14 only before"):
        compare_runs(tmp_path / "before", tmp_path / "after", TASKS)
    counted = compare_runs(tmp_path / "before", tmp_path / "after", TASKS, missing="count").tasks[0]
    assert (counted.headline.left_out, counted.headline.n) == (14, 10)


def test_a_profile_that_a_task_lacks_is_named(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(knows).model())
    with pytest.raises(BenchEvalError, match="pope has the profiles official, lmms-eval, vlmevalkit; got 'svco'"):
        compare_runs(tmp_path / "run", tmp_path / "run", TASKS, profile="svco")


def test_results_name_what_was_not_counted(data: Path, tmp_path: Path) -> None:
    half = Counted(lambda question: "" if question.id.endswith("0") else "maybe")
    run_task(POPE, data, tmp_path / "run", half.model())
    result = score_task(POPE, load_answers(tmp_path / "run", "pope"), POPE.profile("lmms-eval"))
    assert results_to_rows([result])[1][-1] == "21 unparsed, 3 empty"


def test_a_question_reaches_the_model_with_its_seed(data: Path, tmp_path: Path) -> None:
    model = Counted(knows)
    run_task(POPE, data, tmp_path / "run", model.model(), seed=7)
    question: Question = model.asked[0]
    assert question.decoding.seed == 7
    run_task(POPE, data, tmp_path / "other", model.model(), decoding=Decoding(seed=3))
    assert model.asked[-1].decoding.seed == 3


def test_answers_that_a_profile_gives_no_score_are_neither_higher_nor_lower(data: Path, tmp_path: Path) -> None:
    own = POPE.profile("official")
    silent = replace(own, name="silent", grader=lambda text, row: Grade(float("nan")))
    task = replace(POPE, profiles=(own, silent))
    run_task(task, data, tmp_path / "run", Counted(says_yes).model())
    report = find_disagreements(load_answers(tmp_path / "run", "pope").rows, task)
    assert (len(report.items), report.n, report.n_answers) == (24, 0, 24)
    assert report.pairs() == [("official", "silent", 0, 0)]
    assert '"official": null' in disagreements_to_json([report])
    with pytest.raises(BenchEvalError, match="need two profiles of pope, which has: official, silent"):
        find_disagreements([], task, ["silent", "silent"])


def test_each_task_can_be_graded_by_rules_of_its_own(data: Path, tmp_path: Path) -> None:
    twin = replace(POPE, name="pope_again")
    for task in (POPE, twin):
        run_task(task, data, tmp_path / "run", Counted(says_yes).model())
    both = {"pope": POPE, "pope_again": twin}
    comparison = compare_runs(tmp_path / "run", tmp_path / "run", both, profile={"pope_again": "lmms-eval"})
    assert [task.profile for task in comparison.tasks] == ["official", "lmms-eval"]
    with pytest.raises(BenchEvalError, match="there is no task 'mmvp' among pope"):
        compare_runs(tmp_path / "run", tmp_path / "run", both, names=["mmvp"])


def test_a_task_without_a_headline_takes_no_part_in_the_correction(data: Path, tmp_path: Path) -> None:
    absent = Metric(name="absent", formula=ratio(1, 2))

    def measure(rows: Any) -> Measured:
        ids = [str(row["id"]) for row in rows]
        return Measured(ids=ids, clusters=ids, columns=np.zeros((len(ids), 3)), metrics=(absent,))

    twin = replace(POPE, name="twin", title="Twin", profiles=(replace(POPE.profile(), measure=measure),))
    for folder, answer in (("before", says_yes), ("after", knows)):
        for task in (POPE, twin):
            run_task(task, data, tmp_path / folder, Counted(answer).model(folder))
    comparison = compare_runs(tmp_path / "before", tmp_path / "after", {"pope": POPE, "twin": twin})
    assert [task.p_holm for task in comparison.tasks] == [0.125, pytest.approx(math.nan, nan_ok=True)]
    assert "Twin: profile official 1, 0 clusters, not tested: no value" in comparison_to_text(comparison)
    assert json.loads(comparison_to_json(comparison))["tasks"][1]["p_holm"] is None
    assert "not tested" not in write_comparison_page(comparison, tmp_path / "page.html").read_text().split("Twin")[0]


def test_names_from_files_stay_in_their_cells(data: Path, tmp_path: Path) -> None:
    """A category is text of a file: here it tries to leave the table of each format."""
    evil = "<script>alert(1)</script>|\x1b[2J\n| $x_1$ \\input{/etc/passwd} & %"
    task = replace(POPE, title=evil, read=lambda folder: (row | {"category": evil} for row in POPE.read(folder)))
    run_task(task, data, tmp_path / "run", Counted(knows).model())
    comparison = compare_runs(tmp_path / "run", tmp_path / "run", {"pope": task})
    text, tables = comparison_to_text(comparison, parts=True), comparison_to_markdown(comparison, parts=True)
    assert "\x1b" not in text + tables
    assert {line.replace("\\|", "").count("|") for line in tables.splitlines() if line.startswith("|")} == {12}
    assert "<script" not in tables
    latex = comparison_to_latex(comparison, parts=True)
    assert "\\input" not in latex
    assert r"\$x\_1\$ \textbackslash{}input\{/etc/passwd\} \& \%" in latex
    assert {line.replace(r"\&", "").count("&") for line in latex.splitlines() if line.endswith(r"\\")} == {10}
    page = write_comparison_page(comparison, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page


def test_crops_of_two_kinds_are_not_compared_but_a_crop_with_none(data: Path, tmp_path: Path) -> None:
    frames = {"whole": ZoomSettings(frame="whole"), "padded": ZoomSettings(frame="padded"), "none": None}
    for name, zoom in frames.items():
        run_task(POPE, data, tmp_path / name, Counted(says_yes).model(), zoom=zoom)
    with pytest.raises(PairingError, match="need the same zoom; got ZoomSettings"):
        compare_runs(tmp_path / "whole", tmp_path / "padded", TASKS)
    compared = compare_runs(tmp_path / "none", tmp_path / "padded", TASKS).tasks[0]
    assert compared.turns == "after alone asked in two turns"


def test_a_number_of_rows_that_the_benchmark_does_not_have_is_told(data: Path, tmp_path: Path) -> None:
    run_task(POPE, data, tmp_path / "run", Counted(knows).model(), limit=5)
    assert score_task(POPE, load_answers(tmp_path / "run", "pope")).expected_rows is None
    run_task(POPE, data, tmp_path / "run", Counted(knows).model())
    assert score_task(POPE, load_answers(tmp_path / "run", "pope")).expected_rows == 9000
