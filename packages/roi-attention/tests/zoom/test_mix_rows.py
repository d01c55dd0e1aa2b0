import pytest
from roi_attention.zoom import question_key, read_mix


def row(*values, id="7", image="a.png", **more):
    speakers = ("human", "gpt") * len(values)
    turns = [{"from": speaker, "value": value} for speaker, value in zip(speakers, values, strict=False)]
    return {"id": id, **({} if image is None else {"image": image}), "conversations": turns, **more}


def read(*rows):
    return read_mix(rows, dataset="mix")


def test_every_question_of_a_row_is_a_question_of_its_own():
    mix = read(row("<image>\nHow many?\nBe brief.", "Two", "What colour?", "Red"))
    first, second = mix.questions
    assert (first.question, first.answer, first.turn) == ("How many?\nBe brief.", "Two", 0)
    assert (second.question, second.answer, second.turn) == ("What colour?", "Red", 1)
    assert first.key == question_key("mix", "7", "How many?\nBe brief.")
    assert (first.dataset, first.id, first.image, first.index) == ("mix", "7", "a.png", 0)
    assert mix.image_rows[0].others(second) == (("How many?\nBe brief.", "Two"),)
    assert mix.skipped == ()


def test_text_rows_pass_through_untouched_and_are_counted():
    text_rows = [row("Hello", "Hi", id=None, image=None), row("Just this", image=None)]
    mix = read(text_rows[0], row("<image>\nHow many?", "Two"), text_rows[1])
    assert all(kept is given for kept, given in zip(mix.text_rows, text_rows, strict=True))
    assert mix.questions[0].index == 1


def test_order_and_place_do_not_change_the_keys():
    rows = [row("<image>\nA?", "a", "B?", "b", id="1"), row("<image>\nA?", "a", id="2")]
    turned = [row("<image>\nA?", "a", id="2"), row("<image>\nB?", "b", "A?", "a", id="1")]
    assert {q.key for q in read(*rows).questions} == {q.key for q in read(*turned).questions}


@pytest.mark.parametrize(
    ("value", "question"),
    [
        ("<image>\nHow many?", "How many?"),
        ("How many?\n<image>", "How many?"),
        ("<im_start><image><im_end>\nHow many?", "How many?"),
        ("Of these\n<image>\nhow many?", "Of these\nhow many?"),
        ("How <image>many?", "How many?"),
        ("How many?", "How many?"),
    ],
)
def test_the_placeholder_is_taken_out_of_the_question(value, question):
    assert read(row(value, "Two")).questions[0].question == question


ROWS = [
    ("row_form", "text", "no object"),
    ("no_id", row("<image>\nA?", "a", id=None), "no id"),
    ("no_id", row("<image>\nA?", "a", id=""), "an empty id"),
    ("empty_conversation", {"id": "7", "image": "a.png"}, "no conversation"),
    ("empty_conversation", {"id": "7", "image": "a.png", "conversations": []}, "an empty one"),
    ("turn_form", {"id": "7", "image": "a.png", "conversations": ["A?"]}, "a text as turn"),
    ("turn_form", {"id": "7", "image": "a.png", "conversations": [{"from": "human"}]}, "no value"),
    ("odd_turns", row("<image>\nA?"), "a question without an answer"),
    ("odd_turns", {"id": "7", "image": "a.png", "conversations": [{"from": "gpt", "value": "a"}] * 2}, "answers alone"),
    ("odd_turns", {**row("A?", "a"), "conversations": [{"from": "system", "value": "s"}]}, "a system turn"),
    ("several_images", row("<image>\nA?", "a", image=["a.png", "b.png"]), "two images"),
    ("several_images", row("<image>\n<image>\nA?", "a"), "one image twice"),
    ("several_images", row("<image>\nA?", "a", "<image>\nB?", "b"), "in two turns"),
    ("missing_image", row("<image>\nA?", "a", image=None), "a placeholder without an image"),
    ("missing_image", row("A?", "a", image=7), "no path"),
    ("placeholder_in_answer", row("A?", "<image>"), "an answer that is an image"),
]


@pytest.mark.parametrize(("reason", "bad", "remark"), ROWS)
def test_a_row_that_cannot_be_used_gets_a_reason_and_its_neighbours_stay(reason, bad, remark):
    good = row("<image>\nHow many?", "Two", id="good")
    mix = read(bad, good)
    (skipped,) = mix.skipped
    assert (skipped.reason, skipped.index, skipped.turn) == (reason, 0, None), remark
    assert skipped.detail
    assert [question.id for question in mix.questions] == ["good"]


QUESTIONS = [
    ("no_question", ("<image>", "a"), "the placeholder alone"),
    ("no_answer", ("<image>\nA?", " \n"), "an empty answer"),
    ("not_unicode", ("<image>\nA \ud83d?", "a"), "half an emoji"),
    ("repeated_question", ("<image>\nB?", "another"), "the next question in the same words"),
]


@pytest.mark.parametrize(("reason", "pair", "remark"), QUESTIONS)
def test_a_single_question_is_skipped_with_its_place(reason, pair, remark):
    mix = read(row(*pair, "B?", "b"))
    (skipped,) = mix.skipped
    assert (skipped.reason, skipped.id) == (reason, "7"), remark
    assert skipped.turn == (1 if reason == "repeated_question" else 0)
    assert len(mix.questions) == 1
    assert mix.reasons == {reason: 1}


def test_a_row_whose_questions_are_all_skipped_is_no_image_row():
    assert read(row("<image>", "a")).image_rows == ()
