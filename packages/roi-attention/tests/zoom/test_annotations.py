import json

import pytest
from box_space import Box, OriginalPixels
from hypothesis import given, settings
from hypothesis import strategies as st
from roi_attention import ZoomError
from roi_attention.zoom import (
    Annotation,
    ZoomQuestion,
    annotation_to_row,
    annotations_by_key,
    box_to_square,
    params_name,
    question_key,
    read_params,
    row_to_annotation,
    square_to_box,
    whole_box,
    write_params,
)

ORIGINAL = OriginalPixels(640, 480)
BOX = Box(100, 50, 300, 250, ORIGINAL)


def annotation(id="7", question="How many?", box=BOX, **more):
    return Annotation.of("mix", id, question, box, **more)


def question(id="7", asked="How many?", turn=0, index=0):
    return ZoomQuestion(question_key("mix", id, asked), "mix", id, "a.png", asked, "Two", turn, index)


def reason_of(action, *args):
    with pytest.raises(ZoomError) as error:
        action(*args)
    return error.value.reason


def test_keys_depend_on_data_set_row_and_words_and_not_on_blanks_or_encoding():
    key = question_key("mix", "7", "Où est-il?")
    assert key == question_key("mix", "7", " Ou\u0300  est-il?\n")
    assert key.startswith("mix/7/")
    others = [("mix", "8", "Où est-il?"), ("mux", "7", "Où est-il?"), ("mix", "7", "Où est-elle?")]
    assert len({key, *(question_key(*other) for other in others)}) == 4
    assert question_key("a/b", "c", "?") != question_key("a", "b/c", "?")
    assert question_key("mix", "7", "\ud800") != question_key("mix", "7", "\ud801")


def test_keys_are_the_same_in_every_version():
    assert question_key("vqa", "17", "What is it?") == "vqa/17/e6ba94a32430c35e"


def test_an_annotation_comes_back_from_a_file_of_plain_rows():
    full = annotation(mass=0.61, first_order_share=0.9, target="a duck", model="tiny", method="relevance")
    row = json.loads(json.dumps({**annotation_to_row(full), "added later": 1}))
    assert row_to_annotation(row) == full
    assert row["box_xyxy_px"] == [100, 50, 300, 250]
    assert row["size_wh"] == [640, 480]
    assert row_to_annotation(annotation_to_row(annotation())).mass is None


BAD = [
    ("missing_field", {"question": ...}, "no question"),
    ("key", {"question": "How few?"}, "another question than the key's"),
    ("key", {"id": "8"}, "another row"),
    ("box", {"box_xyxy_px": [1, 2, 3]}, "three numbers"),
    ("box", {"box_xyxy_px": [300, 50, 100, 250]}, "reversed"),
    ("box", {"box_xyxy_px": [100, 50, 700, 250]}, "outside"),
    ("box", {"box_xyxy_px": [100, 50, 100, 250]}, "empty"),
    ("box", {"box_xyxy_px": [float("nan"), 50, 100, 250]}, "not finite"),
    ("box", {"box_xyxy_px": None}, "no box"),
    ("box", {"size_wh": [640]}, "no height"),
    ("box", {"size_wh": [0, 0]}, "no size"),
    ("share", {"mass": 1.5}, "more than all"),
    ("share", {"first_order_share": float("nan")}, "not a number"),
]


@pytest.mark.parametrize(("reason", "change", "remark"), BAD)
def test_a_damaged_row_is_refused_with_its_reason(reason, change, remark):
    row = {**annotation_to_row(annotation()), **change}
    row = {name: value for name, value in row.items() if value is not ...}
    assert reason_of(row_to_annotation, row) == reason, remark


def test_two_annotations_of_one_question_are_refused():
    assert list(annotations_by_key([annotation(), annotation("8")])) == [annotation().key, annotation("8").key]
    assert reason_of(annotations_by_key, [annotation(), annotation()]) == "duplicate"


SQUARES = [
    ((100, 50, 300, 250), (50, 100, 200), (100, 50, 300, 250), "a square is itself"),
    ((100, 50, 300, 150), (0, 100, 200), (100, 0, 300, 200), "wide: the square around it"),
    ((0, 0, 100, 50), (0, 0, 100), (0, 0, 100, 100), "shifted inside at the top"),
    ((600, 100, 640, 200), (100, 540, 100), (540, 100, 640, 200), "shifted inside at the right"),
    ((0, 0, 640, 480), (0, 0, 640), (0, 0, 640, 480), "the whole: cut off to itself"),
    ((20, 0, 620, 480), (0, 20, 600), (20, 0, 620, 480), "larger than the height: cut off below"),
    ((10.4, 10.4, 20.2, 20.9), (10, 10, 11), (10, 10, 21, 21), "whole pixels, outwards"),
]


@pytest.mark.parametrize(("xyxy", "square", "back", "remark"), SQUARES)
def test_a_box_becomes_the_square_around_it_inside_the_image(xyxy, square, back, remark):
    made = box_to_square(Box(*xyxy, space=ORIGINAL))
    assert made == square, remark
    assert square_to_box(made, (640, 480)).xyxy == back, remark


@settings(deadline=None)
@given(st.tuples(st.integers(1, 99), st.integers(1, 99)), st.tuples(*[st.floats(0, 1)] * 4))
def test_the_square_read_back_holds_the_box(size_wh, shares):
    (a, c), (b, d) = sorted(shares[::2]), sorted(shares[1::2])
    box = Box(a * size_wh[0], b * size_wh[1], c * size_wh[0], d * size_wh[1], OriginalPixels(*size_wh))
    back = square_to_box(box_to_square(box), size_wh)
    assert back == back.clipped()
    assert back.x0 <= box.x0 + 1e-6
    assert back.y0 <= box.y0 + 1e-6
    assert back.x1 >= box.x1 - 1e-6
    assert back.y1 >= box.y1 - 1e-6


def test_the_published_file_has_the_published_names_and_counts_what_it_cannot_say(tmp_path):
    questions = [
        question("a/7", index=42, turn=1),
        question("8", index=43),
        question("9", index=44),
        question("10", index=45),
    ]
    wide, whole = Box(100, 50, 300, 150, ORIGINAL), whole_box((640, 480))
    annotations = [annotation("a/7"), annotation("8", box=wide), annotation("9", box=whole), annotation("other")]
    written = write_params(questions, annotations, tmp_path / "cos.json")
    assert json.loads((tmp_path / "cos.json").read_text()) == {
        "000042_a_7_q1": {"params": [50, 100, 200]},
        "000043_8_q0": {"params": [0, 100, 200]},
        "000044_9_q0": {"params": [0, 0, 640]},
    }
    assert (written.written, written.missed, written.inexact) == (3, (questions[3].key,), (questions[1].key,))
    read = read_params([*questions[1:], question("11", index=46)], tmp_path / "cos.json", lambda _: (640, 480))
    assert {key: box.xyxy for key, box in read.boxes.items()} == {
        questions[1].key: (100, 0, 300, 200),
        questions[2].key: (0, 0, 640, 480),
    }
    assert len(read.missed) == 2
    assert read.unused == ("000042_a_7_q1",)
    assert not list(tmp_path.glob("*.partial"))


def test_a_reordered_mix_is_seen_by_its_misses(tmp_path):
    annotations = [annotation("1"), annotation("2")]
    write_params([question("1", index=0), question("2", index=1)], annotations, tmp_path / "cos.json")
    read = read_params([question("2", index=0), question("1", index=1)], tmp_path / "cos.json", lambda _: (640, 480))
    assert (len(read.boxes), len(read.missed), len(read.unused)) == (0, 2, 2)


ENTRIES = [
    ([50, 100, 200], (100, 50, 300, 250), "as published"),
    ([400, 600, 200], (600, 400, 640, 480), "clipped to the right and below"),
    ([1.5, 2.5, 10.0], (2.5, 1.5, 12.5, 11.5), "fractions of pixels"),
    ([-1, 100, 200], None, "starts above the image"),
    ([480, 100, 200], None, "starts below it"),
    ([50, 100, 0], None, "no side"),
    ([50, 100], None, "two numbers"),
    ([50, 100, "200"], None, "a text"),
    ([50, 100, float("nan")], None, "not a number"),
    ([50, 100, True], None, "a truth value"),
    (None, None, "nothing"),
]


@pytest.mark.parametrize(("params", "xyxy", "remark"), ENTRIES)
def test_entries_are_read_with_the_published_clipping_or_refused(tmp_path, params, xyxy, remark):
    asked = question()
    (tmp_path / "cos.json").write_text(json.dumps({params_name(asked): {"params": params}}))
    read = read_params([asked], tmp_path / "cos.json", lambda _: (640, 480))
    assert (read.boxes[asked.key].xyxy if read.boxes else None) == xyxy, remark
    assert bool(read.refused) == (xyxy is None), remark


def test_names_that_stand_twice_are_refused(tmp_path):
    path = tmp_path / "cos.json"
    path.write_text('{"000000_7_q0": {"params": [0, 0, 9]}, "000000_7_q0": {"params": [1, 1, 9]}}')
    assert reason_of(read_params, [question()], path, lambda _: (640, 480)) == "duplicate"
    same_place = [question("a/7"), question("a_7")]
    assert reason_of(write_params, same_place, [annotation("a/7"), annotation("a_7")], path) == "duplicate"


def test_a_broken_file_is_refused_with_its_line(tmp_path):
    (tmp_path / "cos.json").write_text('{"a":\n')
    with pytest.raises(ZoomError, match=r"cos.json, line 2"):
        read_params([question()], tmp_path / "cos.json", lambda _: (640, 480))
    (tmp_path / "cos.json").write_text("[]")
    assert reason_of(read_params, [question()], tmp_path / "cos.json", lambda _: (640, 480)) == "not_json"
