import math

import pytest
from PIL import Image
from roi_attention import ZoomError
from roi_attention.zoom import TurnWeights, Wording, plain_row, row_to_conversations, zoom_row

PLAIN = Wording(
    where_request="Where, for {question}?",
    region_is="See {region}\n.",
    answer_request=" So: {question}",
    others_prefix="Raw: ",
)
BOX = "[0.1, 0.2, 0.5, 0.6]"
IMAGE = {"type": "image"}
OTHERS = [("What colour?", "Red"), ("Where?", "Left")]


def text(value):
    return {"type": "text", "text": value}


def row_of(question="How many?", answer="Two", **options):
    return zoom_row(question, answer, BOX, ["a.png", "a-crop.png"], row_id="7", **{"wording": PLAIN, **options})


def contents(row):
    return [message["content"] for message in row["messages"]]


def test_the_dialogue_asks_where_and_then_what():
    row = row_of()
    assert row["id"] == "7"
    assert row["images"] == ["a.png", "a-crop.png"]
    assert row["messages"] == [
        {"role": "user", "content": [IMAGE, text('Where, for "How many?"?')]},
        {"role": "assistant", "content": [text(BOX)]},
        {"role": "user", "content": [text("See "), IMAGE, text('\n. So: "How many?"')]},
        {"role": "assistant", "content": [text("Two")]},
    ]


def test_further_questions_follow_in_order_and_the_first_says_that_it_is_on_the_whole_image():
    assert contents(row_of(others=OTHERS))[4:] == [
        [text("Raw: What colour?")],
        [text("Red")],
        [text("Where?")],
        [text("Left")],
    ]


def test_a_data_set_instruction_stays_inside_the_quotes_unless_it_is_given_apart():
    inside = contents(row_of("How many?\nAnswer in one word."))
    assert inside[0][1] == text('Where, for "How many?\nAnswer in one word."?')
    assert inside[2][2] == text('\n. So: "How many?\nAnswer in one word."')
    apart = contents(row_of(instruction="Answer in one word."))
    assert apart[0][1] == text('Where, for "How many?"?')
    assert apart[2][2] == text('\n. So: "How many?"\nAnswer in one word.')


def test_weights_go_with_the_turns_that_they_are_of():
    weighted = row_of(others=OTHERS, weights=TurnWeights(where=0.25))["messages"]
    assert [message.get("weight") for message in weighted] == [None, 0.25, *[None] * 6]
    weighted = row_of(others=OTHERS, weights=TurnWeights(where=0, answer=2))["messages"]
    assert [message.get("weight") for message in weighted] == [None, 0, None, 2, None, 2, None, 2]


@pytest.mark.parametrize("weights", [(-1, 1), (math.nan, 1), (1, math.inf), (0, 0)])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ZoomError, match="turn weights must be finite, from 0 up and not all 0"):
        TurnWeights(*weights)


def test_a_plain_row_asks_the_same_without_a_zoom():
    row = plain_row("How many?", "Two", "a.png", row_id="7", others=OTHERS)
    assert contents(row)[:2] == [[IMAGE, text("How many?")], [text("Two")]]
    assert contents(row)[2:] == contents(row_of(others=OTHERS, wording=Wording(others_prefix="")))[4:]
    assert row["images"] == ["a.png"]


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("How many?", '"How many?"'),
        ('What is "EXIT"?', '“What is "EXIT"?”'),
        ('Is "“EXIT”" lit?', '«Is "“EXIT”" lit?»'),
        ("It's {question} or {region}?", '"It\'s {question} or {region}?"'),
        ("a\nb\tc\\n", '"a\nb\tc\\n"'),
        ("👩‍👩‍👧 how many?", '"👩‍👩‍👧 how many?"'),
        ("כמה \u202eחתולים?", '"כמה \u202eחתולים?"'),
        ("  blanks around \n", '"blanks around"'),
    ],
)
def test_questions_keep_their_own_text_inside_the_quotes(question, quoted):
    first, _, third, _ = contents(row_of(question))
    assert first[1] == text(f"Where, for {quoted}?")
    assert third[2] == text(f"\n. So: {quoted}")


REFUSED = [
    ("no_question", {"question": " \n"}),
    ("no_answer", {"answer": ""}),
    ("no_question", {"others": [("", "a")]}),
    ("no_answer", {"others": [("A?", "")]}),
    ("placeholder_in_text", {"question": "What is <image>?"}),
    ("placeholder_in_text", {"answer": "An <image>"}),
    ("placeholder_in_text", {"instruction": "<image>"}),
    ("placeholder_in_text", {"others": [("<image>\nA?", "a")]}),
    ("not_unicode", {"question": "\ud83d?"}),
    ("quotes", {"question": '" “ » 」 『'}),
]


@pytest.mark.parametrize(("reason", "change"), REFUSED)
def test_texts_that_cannot_be_turns_are_refused_with_a_reason(reason, change):
    with pytest.raises(ZoomError) as error:
        row_of(**change)
    assert error.value.reason == reason


def test_two_pictures_are_needed():
    with pytest.raises(ZoomError, match="shown and crop; got 1"):
        zoom_row("A?", "a", BOX, ["a.png"], row_id="7")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("where_request", "Where?", "where_request must hold {question} once"),
        ("answer_request", "{question} {question}", "answer_request must hold {question} once"),
        ("where_request", "{question} {region}", "where_request must hold {region} nowhere"),
        ("region_is", "Here it is.", "region_is must hold {region} once"),
        ("region_is", "<image> {region}", "region_is must not hold <image>"),
        ("others_prefix", "{question}", "others_prefix must hold {question} nowhere"),
    ],
)
def test_a_wording_without_its_placeholders_is_refused(name, value, message):
    with pytest.raises(ZoomError) as error:
        Wording(**{name: value})
    assert str(error.value).startswith(message)


def test_the_published_form_has_one_mark_for_each_image():
    row = row_to_conversations(row_of(others=OTHERS[:1], weights=TurnWeights(where=0.5)))
    assert row == {
        "id": "7",
        "image": ["a.png", "a-crop.png"],
        "conversations": [
            {"from": "human", "value": '<image>\nWhere, for "How many?"?'},
            {"from": "gpt", "value": BOX, "weight": 0.5},
            {"from": "human", "value": 'See <image>\n\n. So: "How many?"'},
            {"from": "gpt", "value": "Two"},
            {"from": "human", "value": "Raw: What colour?"},
            {"from": "gpt", "value": "Red"},
        ],
    }
    assert row_to_conversations(plain_row("A?", "a", "a.png", row_id="7"))["image"] == "a.png"


def test_empty_fields_of_a_table_are_passed_over():
    row = row_of(others=OTHERS[:1], weights=TurnWeights(where=0.5))
    parts = {"type": None, "text": None}
    full = [{"weight": None, **one, "content": [parts | part for part in one["content"]]} for one in row["messages"]]
    assert row_to_conversations(row | {"messages": full}) == row_to_conversations(row)


def test_a_picture_in_memory_has_no_published_form():
    with pytest.raises(ZoomError, match="save the picture"):
        row_to_conversations(plain_row("A?", "a", Image.new("RGB", (2, 2)), row_id="7"))
