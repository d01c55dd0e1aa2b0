"""Asking, saving, grading and comparing, with samplers made in the test."""

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bench_eval
import pytest
from bench_eval import (
    Answers,
    BenchEvalError,
    Decoding,
    Grade,
    PairingError,
    Question,
    RowError,
    Sampler,
    compare,
    compare_tasks,
    comparisons_to_markdown,
    contrasts_to_rows,
    evaluate,
    evaluation_stage,
    format_p,
    grade_row,
    grade_word,
    grading_stage,
    pass_score,
    response_stage,
    row_to_question,
    score_tasks,
    seed_changes_to_rows,
    seed_means_to_rows,
    ways_to_rows,
)
from bench_eval.measures.circular_measure import circular_measure
from shard_runner import status


def test_public_names_are_pinned() -> None:
    names = (
        "SHORT_ANSWER_GRADER Accuracy Answers BenchEvalError Comparison Contrasts Decoding FileError Grade Grader "
        "Interval PairedRows PairingError Question RowError RowScore Sampler StatisticsError TaskScore accuracy "
        "bootstrap_values box_grader boxes_grader by_task check_question_file cluster_bootstrap compare "
        "compare_tasks comparisons_to_markdown comparisons_to_text contrasts_to_rows design_effect_of "
        "detectable_difference evaluate evaluation_stage format_p grade_choice grade_exact grade_number grade_row "
        "grade_short_answer grade_word grade_yes_no grader_by_task grading_stage holm load_comparisons "
        "load_contrasts markdown_table mcnemar_exact mean_score normalise pair_rows pass_at_k pass_score "
        "percentiles questions_needed read_question_file response_stage row_to_question sampler_through "
        "save_comparisons save_contrasts score_tasks seed_changes_to_rows seed_means_to_rows sign_flip_test "
        "swap_test text_table text_to_box_xyxy text_to_boxes_xyxy text_to_letter text_to_number ways_to_rows "
        "wilson_interval"
    )
    assert bench_eval.__all__ == names.split()
    assert all(hasattr(bench_eval, name) for name in bench_eval.__all__)


def test_the_import_loads_numpy_and_nothing_heavier() -> None:
    code = "import bench_eval, sys; print({'PIL', 'box_space', 'pyarrow', 'shard_runner', 'click'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def rows(n: int = 6) -> list[dict[str, Any]]:
    ask = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]
    return [
        {"id": f"row-{i}", "image": f"{i}.png", "messages": ask, "answer": "duck", "task": "name"} for i in range(n)
    ]


class Recorder:
    """A sampler that notes what it was asked."""

    def __init__(self, answer: Callable[[Question], Answers]) -> None:
        self.answer, self.asked = answer, list[str]()

    def __call__(self, questions: Sequence[Question]) -> Sequence[Answers]:
        self.asked += [question.id for question in questions]
        return [self.answer(question) for question in questions]


def says(*texts: str) -> Recorder:
    return Recorder(lambda question: Answers(question.id, texts, ["stop"] * len(texts)))


def run_evaluation(sampler: Sampler, folder: Path, **options: Any) -> list[dict[str, Any]]:
    settings: dict[str, Any] = {"model": "m", "grader_name": "word-1", "batch_size": 2, **options}
    given = settings.pop("rows", rows())
    grader = settings.pop("grader", grade_word)
    return evaluate(given, lambda: sampler, grader, folder, **settings)


def test_responses_are_saved_graded_and_not_asked_for_again(tmp_path: Path) -> None:
    sampler = says("A duck.", "goose")
    first = run_evaluation(sampler, tmp_path, decoding=Decoding(n=2, temperature=1.0))
    assert sampler.asked == [f"row-{i}" for i in range(6)]
    assert first[0]["trials"][0]["answer"] == "duck"
    assert [(t["score"], t["verdict"], t["reason"]) for t in first[0]["trials"]] == [
        (1.0, True, "word"),
        (0.0, False, "word"),
    ]
    assert run_evaluation(sampler, tmp_path, decoding=Decoding(n=2, temperature=1.0)) == first
    assert len(sampler.asked) == 6


def test_another_grader_grades_saved_responses_without_asking(tmp_path: Path) -> None:
    sampler = says("A duck.")
    run_evaluation(sampler, tmp_path)
    strict = run_evaluation(sampler, tmp_path, grader=lambda text, row: text == row["answer"], grader_name="strict")
    assert [row["trials"][0]["score"] for row in strict] == [0.0] * 6
    assert len(sampler.asked) == 6


@pytest.mark.parametrize(
    "changed", [{"model": "other"}, {"decoding": Decoding(temperature=0.5)}, {"image_root": Path("elsewhere")}]
)
def test_another_model_decoding_or_folder_of_pictures_asks_again(tmp_path: Path, changed: dict[str, Any]) -> None:
    sampler = says("duck")
    run_evaluation(sampler, tmp_path)
    run_evaluation(sampler, tmp_path, **changed)
    assert len(sampler.asked) == 12


def test_a_row_that_fails_is_counted_and_asked_again_alone(tmp_path: Path) -> None:
    def fails(question: Question) -> Answers:
        return Answers(question.id, error="corrupt image") if question.id == "row-3" else Answers(question.id, ["duck"])

    assert [row["id"] for row in run_evaluation(Recorder(fails), tmp_path)] == [f"row-{i}" for i in (0, 1, 2, 4, 5)]
    account = {stage.name: stage for stage in status(tmp_path)}["responses"]
    assert (account.rows_in, account.done, account.failed) == (6, 5, {"sampler_error": 1})
    healed = says("duck")
    assert len(run_evaluation(healed, tmp_path)) == 6
    assert healed.asked == ["row-3"]


def test_a_wrong_number_of_texts_fails_the_row(tmp_path: Path) -> None:
    def short(question: Question) -> Answers:
        return Answers(question.id, ["duck"] * (1 if question.id == "row-0" else 2))

    assert len(run_evaluation(Recorder(short), tmp_path, decoding=Decoding(n=2, temperature=1.0))) == 5
    assert {stage.name: stage for stage in status(tmp_path)}["responses"].failed == {"wrong_count": 1}


def test_answers_out_of_order_are_refused() -> None:
    stage = response_stage(
        "r", lambda: lambda questions: [Answers(q.id, ["x"]) for q in reversed(questions)], model="m"
    )
    with pytest.raises(BenchEvalError, match="must answer its 2 questions in order"):
        stage.make()(rows(2))


def test_bad_rows_do_not_harm_their_neighbours(tmp_path: Path) -> None:
    given = rows(4)
    given[1]["messages"] = []
    given[2]["answer"] = ""
    graded = run_evaluation(says("duck"), tmp_path, rows=given)
    assert [row["id"] for row in graded] == ["row-0", "row-3"]
    accounts = {stage.name: stage.failed for stage in status(tmp_path)}
    assert (accounts["responses"], accounts["grades"]) == ({"bad_row": 1}, {"not_gradable": 1})


def test_nan_and_odd_scores_get_a_verdict() -> None:
    row = {"id": "a", "trials": [{"text": text} for text in ("nan", "inf", "7", "-1", "0.5", "1")]}
    graded = grade_row(row, lambda text, row: Grade(float(text)))["trials"]
    assert [trial["reason"] for trial in graded] == ["nan_score", *["score_out_of_range"] * 3, "", ""]
    assert [trial["score"] for trial in graded] == [None] * 4 + [0.5, 1.0]
    assert [trial["verdict"] for trial in graded] == [None] * 4 + [False, True]


def test_one_stage_does_what_two_do() -> None:
    options: dict[str, Any] = {"model": "m", "decoding": Decoding()}
    one = evaluation_stage("e", lambda: says("a duck"), grade_word, grader_name="word", **options)
    asked = response_stage("r", lambda: says("a duck"), **options).make()(rows(2))
    two = grading_stage("g", grade_word, grader_name="word").make()([row for outcome in asked for row in outcome.rows])  # type: ignore[union-attr]
    assert list(one.make()(rows(2))) == list(two)
    assert one.config["grader"] == "word"


def test_images_come_from_image_or_images_under_the_root() -> None:
    base = {"id": "a", "messages": [{"role": "user", "content": "?"}]}
    assert row_to_question(base, Decoding()).images == ()
    assert row_to_question({**base, "images": ["a.png", "b.png"]}, Decoding()).images == ("a.png", "b.png")
    rooted = row_to_question({**base, "image": "a.png"}, Decoding(), Path("pictures"))
    assert rooted.images == (str(Path("pictures") / "a.png"),)
    with pytest.raises(RowError, match="a row needs an id and messages"):
        row_to_question({"id": "a"}, Decoding())


@pytest.mark.parametrize("bad", [{"n": 0}, {"temperature": math.nan}, {"top_p": 0}, {"max_new_tokens": 0}])
def test_decoding_checks_itself(bad: dict[str, Any]) -> None:
    with pytest.raises(BenchEvalError, match="got"):
        Decoding(**bad)


# ---- comparison


def graded(
    scores: Sequence[float | None], *, task: str = "t", clusters: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{task}-{i}",
            "task": task,
            "cluster": clusters[i] if clusters else None,
            "trials": [{"text": "x", "score": score, "verdict": None if score is None else score == 1}],
        }
        for i, score in enumerate(scores)
    ]


def test_comparison_by_hand() -> None:
    before = graded([1] * 3 + [0] * 10 + [1] * 7)
    after = graded([0] * 3 + [1] * 10 + [1] * 7)
    result = compare(before, list(reversed(after)))
    assert (result.n, result.wins, result.losses, result.test) == (20, 10, 3, "mcnemar-exact")
    assert result.p == 756 / 8192
    assert (result.before, result.after) == (0.5, 0.85)
    assert result.difference == pytest.approx(0.35)
    # spread of a difference: sqrt((13 - 20 * 0.35**2) / 20) / sqrt(20) = 0.1625
    assert result.interval == pytest.approx((0.35 - 1.96 * 0.1625, 0.35 + 1.96 * 0.1625), abs=0.05)


def test_repeated_clusters_and_shares_are_tested_by_sign_flips() -> None:
    pairs = [str(i // 2) for i in range(20)]
    clustered = compare(graded([0] * 20, clusters=pairs), graded([1] * 10 + [0] * 10, clusters=pairs))
    assert (clustered.test, clustered.n_clusters) == ("sign-flip", 10)
    assert clustered.p == 2 / 2**5  # five clusters changed
    shares = compare(graded([0.5] * 20), graded([0.75] * 5 + [0.5] * 15))
    assert (shares.test, shares.p) == ("sign-flip", 2 / 2**5)


def test_swapping_the_models_mirrors_the_result() -> None:
    one, two = graded([0.2, 0.9, 0.4, 0.6] * 5), graded([0.3, 0.8, 0.9, 0.6] * 5)
    there, back = compare(one, two), compare(two, one)
    assert there.p == pytest.approx(back.p, abs=0.02)
    assert there.difference == -back.difference
    assert there.interval.low == pytest.approx(-back.interval.high, abs=0.01)


def test_the_same_answers_show_no_difference() -> None:
    same = compare(graded([1, 0, 1]), graded([1, 0, 1]))
    assert (same.difference, same.p, same.interval) == (0.0, 1.0, (0.0, 0.0))


def test_missing_ids_are_an_error_or_counted() -> None:
    before, after = graded([1, 0, 1, 1])[1:], graded([1, 1, 1, 1])[:3]
    with pytest.raises(PairingError, match=r"1 only before, 1 only after \(first: 't-3'\)"):
        compare(before, after)
    counted = compare(before, after, missing="count")
    assert (counted.n, counted.missing_before, counted.missing_after) == (2, 1, 1)


def test_rows_without_a_score_are_counted() -> None:
    result = compare(graded([1, None, 0, 1]), graded([1, 1, None, 1]))
    assert (result.n, result.unscored) == (2, 2)
    with pytest.raises(PairingError, match="no pair of scores is left"):
        compare(graded([None]), graded([1]))


def test_a_nan_in_a_file_is_no_score() -> None:
    assert compare(graded([1, math.nan]), graded([1, 1])).unscored == 1


def test_doubled_ids_and_moved_clusters_are_errors() -> None:
    with pytest.raises(RowError, match="'t-0' occurs twice"):
        compare(graded([1]) * 2, graded([1]))
    with pytest.raises(PairingError, match="must name the same cluster on both sides; 't-0'"):
        compare(graded([1], clusters=["a"]), graded([1], clusters=["b"]))


def test_tasks_are_compared_one_by_one() -> None:
    before = graded([1, 0, 0, 0], task="a") + graded([1, 1], task="b")
    after = graded([1, 1, 0, 0], task="a") + graded([0, 1], task="b")
    results = compare_tasks(before, after)
    assert [(r.task, r.n, r.before, r.after) for r in results] == [("a", 4, 0.25, 0.5), ("b", 2, 1.0, 0.5)]
    table = comparisons_to_markdown(results).splitlines()
    assert table[2].startswith("| a | 4 | 25.0 | 50.0 | +25.0 | +0.0 to +75.0 | 1.000 | 0 |")
    assert len({line.count("|") for line in table}) == 1
    with pytest.raises(PairingError, match=r"only one side has \['b'\]"):
        compare_tasks(before, after[:4])


def test_pass_at_k_can_be_compared() -> None:
    def trials(*verdicts: bool) -> list[dict[str, Any]]:
        return [{"text": "", "score": float(verdict), "verdict": verdict} for verdict in verdicts]

    before = [{"id": "a", "trials": trials(True, True)}, {"id": "b", "trials": trials(False, False)}]
    after = [{"id": "a", "trials": trials(True, False)}, {"id": "b", "trials": trials(False, True)}]
    assert compare(before, after).difference == 0.0
    assert compare(before, after, row_score=pass_score(2)).difference == 0.5


def test_scores_of_one_model_task_by_task() -> None:
    given = graded([1, 0, 1, None], clusters=["x", "x", "y", "z"])
    given[0]["trials"][0]["finish_reason"] = "length"
    given[1]["trials"][0]["text"] = "  "
    score = score_tasks(given)[0]
    assert score.value == pytest.approx(2 / 3)
    assert (score.n, score.n_clusters, score.unscored, score.n_truncated, score.n_empty) == (3, 2, 1, 1, 1)
    assert score.interval.low < score.value < score.interval.high
    assert score.bootstrap_interval == (0.5, 1.0)
    with pytest.raises(RowError, match="no row of task 't' has a score"):
        score_tasks(graded([None]))


def two_tasks(right: Sequence[int], only: str = "ab") -> list[dict[str, Any]]:
    return [
        {"id": f"{task}{i}", "task": task, "trials": [{"score": float(i in right)}]} for task in only for i in range(4)
    ]


def test_a_last_line_holds_all_tasks_together_also_those_that_one_side_lost() -> None:
    before, after = two_tasks([0]), two_tasks([0, 1])
    assert [line.task for line in compare_tasks(before, after, together="all of them")] == ["a", "b", "all of them"]
    assert [line.task for line in compare_tasks(two_tasks([0], "a"), two_tasks([1], "a"), together="all")] == ["a"]
    lines = compare_tasks(before, two_tasks([0, 1], "a"), together="all", missing="count")
    assert [(line.task, line.n, line.missing_after) for line in lines] == [("a", 4, 0), ("all", 4, 4)]
    assert compare_tasks([], two_tasks([0]), together="all", missing="count") == []
    with pytest.raises(PairingError, match="only one side has"):
        compare_tasks(before, two_tasks([0, 1], "a"), together="all")
    with pytest.raises(PairingError, match="only one side has"):
        compare_tasks(before, two_tasks([0, 1], "a"), missing="count")


def test_one_model_against_several_others_is_one_table_of_ways_and_one_of_contrasts() -> None:
    method = two_tasks([0, 1, 2])
    contrasts = {
        name: compare_tasks(two_tasks(right), method, together="all")
        for name, right in (("before", [0]), ("control", [0, 1]))
    }
    assert ways_to_rows(contrasts)[0] == ("a", "75.0", "25.0", "50.0")
    rows = contrasts_to_rows(contrasts)
    assert [row[:3] for row in rows[:3]] == [("before", task, "+50.0") for task in ("a", "b", "all")]
    assert [row[:2] for row in contrasts_to_rows(contrasts, {"all"})] == [("before", "all"), ("control", "all")]


def test_models_are_put_together_by_task_whatever_the_order_and_one_that_lacks_a_task_has_a_dash() -> None:
    method = two_tasks([0, 1, 2])
    turned = [*two_tasks([0], "b"), *two_tasks([0, 1], "a")]
    contrasts = {
        "before": compare_tasks(two_tasks([0]), method, together="all"),
        "turned": compare_tasks(turned, method, together="all"),
        "torn": compare_tasks(two_tasks([0], "b"), method, together="all", missing="count"),
    }
    assert ways_to_rows(contrasts)[0] == ("a", "75.0", "25.0", "50.0", "–")
    assert [row[0] for row in seed_means_to_rows([contrasts])] == ["b", "all"]


def test_seeds_are_averaged_over_tasks_that_all_have_and_compared_one_by_one() -> None:
    seeds = [
        {"before": compare_tasks(two_tasks([0], only), two_tasks(right, only), together="all")}
        for right, only in (([0, 1], "ab"), ([0, 1, 2, 3], "a"))
    ]
    assert seed_means_to_rows(seeds) == [("a", "75.0", "25.0")]
    (row,) = seed_changes_to_rows(seeds, ("a", "b", "all"))
    assert row[:2] == ("before", "a")
    assert [cell.split(" ")[0] for cell in row[2:]] == ["+25.0", "+75.0"]
    assert format_p(1e-9) == "< 0.001"


@pytest.mark.parametrize("nothing", [None, ""])
def test_rows_with_an_empty_cluster_are_clusters_of_their_own(nothing: str | None) -> None:
    graded = [{"id": str(i), "cluster": nothing, "trials": [{"text": "a", "score": float(i < 6)}]} for i in range(10)]
    assert score_tasks(graded)[0].n_clusters == 10
    rotations = [{**row, "base": row["id"], "rotation": 0, "n_rotations": 1} for row in graded]
    assert circular_measure()(rotations).clusters == [str(i) for i in range(10)]
