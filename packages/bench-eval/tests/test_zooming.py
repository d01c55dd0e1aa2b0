"""Asking in two turns: where to look, then with the crop; each turn saved, unread regions counted."""

from pathlib import Path

import pytest
from bench_eval import Question
from bench_eval.runs import load_answers, run_task, score_task
from bench_eval.tasks.pope import POPE
from PIL import Image
from roi_attention.zoom import ZoomSettings

from .pope_files import Counted, knows, write_pope

BOX = "[0.250, 0.250, 0.750, 0.750]"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_pope(tmp_path / "data", images=2)


def in_two_turns(question: Question) -> str:
    """Says where to look, but for the first question of each category, and then what it sees."""
    if len(question.images) == 2:
        return knows(question)
    return "over there" if question.id.endswith("/0") else BOX


def test_each_question_is_asked_twice_and_the_second_time_with_the_crop(data: Path, tmp_path: Path) -> None:
    model = Counted(in_two_turns)
    run_task(POPE, data, tmp_path / "run", model.model(), zoom=ZoomSettings(frame="whole"))
    assert [len(question.images) for question in model.asked] == [1] * 12 + [2] * 12
    second = next(question for question in model.asked[12:] if question.id == "random/1")
    assert [turn["role"] for turn in second.messages] == ["user", "assistant", "user"]
    assert second.messages[1]["content"][0]["text"] == BOX
    with Image.open(second.images[0]) as whole, Image.open(second.images[1]) as crop:
        assert (whole.size, crop.size) == ((8, 6), (4, 4))  # whole pixels, outwards
    assert "Is there a cat in the image?\nAnswer the question" in str(second.messages[2]["content"][-1]["text"])


def test_regions_that_could_not_be_read_are_counted_with_the_score(data: Path, tmp_path: Path) -> None:
    model = Counted(in_two_turns)
    run_task(POPE, data, tmp_path / "run", model.model(), zoom=ZoomSettings(frame="whole"))
    answers = load_answers(tmp_path / "run", "pope")
    assert answers.record.is_zoomed
    zooms = {row["id"]: row["zoom"] for row in answers.rows}
    assert zooms["random/0"]["verdict"].startswith("unread: ")
    assert zooms["random/0"]["box_xyxy_px"] == [0, 0, 8, 6]
    assert zooms["random/1"]["box_xyxy_px"] == [2, 1.5, 6, 4.5]
    result = score_task(POPE, answers)
    assert result.counts.no_zoom == 3
    assert result.figures[0].value == 1
    assert result.tokens == 48


def test_a_run_goes_on_without_asking_for_regions_again(data: Path, tmp_path: Path) -> None:
    model = Counted(in_two_turns)
    for _ in range(2):
        run_task(POPE, data, tmp_path / "run", model.model(), zoom=ZoomSettings(frame="whole"))
    assert len(model.asked) == 24


def test_a_picture_that_is_missing_fails_its_rows_alone(data: Path, tmp_path: Path) -> None:
    (data / "val2014" / "image-1.jpg").unlink()
    run_task(POPE, data, tmp_path / "run", Counted(in_two_turns).model(), zoom=ZoomSettings(frame="whole"))
    answers = load_answers(tmp_path / "run", "pope")
    assert (len(answers.rows), answers.n_failed) == (6, 6)
