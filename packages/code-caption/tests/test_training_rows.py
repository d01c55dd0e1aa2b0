import json
from collections import Counter

import pytest
from code_caption.errors import SettingsError
from code_caption.rows.box_texts import BoxText
from code_caption.rows.row_choice import LeftOut
from code_caption.rows.row_wording import AttributeKind, RowWording
from code_caption.rows.training_rows import FORMS, scene_to_dialogue, scene_to_rows
from code_caption.scene import Element, Group, Relation, Scene
from hypothesis import given, settings
from hypothesis import strategies as st
from llava_train import llava_to_messages, messages_to_llava, read_dialogue, read_llava_json, write_llava_json

SHARED = {"row_id": "img7", "image": "7.png", "size_wh": (100, 100)}
CHAIRS = Group("chair", ((0.0, 0.5, 0.1, 0.9), (0.2, 0.5, 0.3, 0.9), (0.4, 0.5, 0.5, 0.9)))
SCENE = Scene(
    "A ferry deck.",
    (
        Element("deck", (0.0, 0.5, 1.0, 1.0), caption="deck of grey steel"),
        Element("lifebuoy", (0.6, 0.2, 0.8, 0.4), attributes=("orange", "round"), text="MV TERN"),
        Element("gull", (0.1, 0.1, 0.2, 0.2), attributes=("white",)),
        Element("gull", (0.3, 0.1, 0.4, 0.2), attributes=("gray",)),
    ),
    (CHAIRS,),
    (Relation(1, 0, "A lifebuoy hangs above the deck."),),
)
ONE_WAY = RowWording(
    code=("Code?",),
    caption=("Caption?",),
    region=("What is in {box}?",),
    grounding=("Where is the {phrase}?",),
    count=("How many {plural}?",),
    text=("What does the {phrase} say?",),
    exist=("Is there {a_name}?",),
    attribute_kinds=(
        AttributeKind("color", ("white", "gray", "orange"), ("What color is the {phrase}?",)),
        AttributeKind("shape", ("round",), ("What shape is the {phrase}?",)),
    ),
)


def made(*forms, scene=SCENE, wording=ONE_WAY, **more):
    return scene_to_rows(scene, forms=forms, wording=wording, **{**SHARED, **more})


def dialogue(*forms, scene=SCENE, wording=ONE_WAY, **more):
    return scene_to_dialogue(scene, forms=forms, wording=wording, **{**SHARED, **more})


def texts(row):
    return [part["text"] for message in row["messages"] for part in message["content"] if part["type"] == "text"]


def asked(result):
    return [tuple(texts(row)) for row in result.rows]


def test_a_row_is_a_question_about_an_image_and_its_answer():
    assert made("code", code="class Scene:").rows == (
        {
            "id": "img7/code#0",
            "messages": [
                {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Code?"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "class Scene:"}]},
            ],
            "images": ["7.png"],
            "form": "code",
        },
    )


def test_the_plain_caption_is_a_row():
    [(question, answer)] = asked(made("caption"))
    assert question == "Caption?"
    assert answer.startswith(
        "A ferry deck. Deck of grey steel. There are three chairs together. Also in the image: an "
    )


def test_regions_are_answered_by_captions_or_by_what_is_known():
    assert asked(made("region")) == [
        ("What is in [0.00, 0.50, 1.00, 1.00]?", "Deck of grey steel."),
        ("What is in [0.60, 0.20, 0.80, 0.40]?", "an orange round lifebuoy"),
        ("What is in [0.10, 0.10, 0.20, 0.20]?", "a white gull"),
        ("What is in [0.30, 0.10, 0.40, 0.20]?", "a gray gull"),
        ("What is in [0.00, 0.50, 0.50, 0.90]?", "three chairs"),
    ]


def test_boxes_that_are_written_alike_are_not_asked_about():
    scene = Scene(elements=(Element("man", (0.1, 0.1, 0.5, 0.9)), Element("coat", (0.101, 0.1, 0.5, 0.9))))
    result = made("region", scene=scene)
    assert result.rows == ()
    assert result.left_out == (
        LeftOut("region", "element 0 (man)", "same_box"),
        LeftOut("region", "element 1 (coat)", "same_box"),
    )
    assert len(made("region", scene=scene, box_text=BoxText(digits=3)).rows) == 2


def test_phrases_that_mean_one_thing_are_grounded():
    assert asked(made("grounding")) == [
        ("Where is the deck?", "[0.00, 0.50, 1.00, 1.00]"),
        ("Where is the lifebuoy?", "[0.60, 0.20, 0.80, 0.40]"),
        ("Where is the white gull?", "[0.10, 0.10, 0.20, 0.20]"),
        ("Where is the gray gull?", "[0.30, 0.10, 0.40, 0.20]"),
        ("Where is the three chairs?", "[0.00, 0.50, 0.50, 0.90]"),
    ]


def test_what_has_no_phrase_of_its_own_is_left_out_with_a_reason_and_leaves_a_gap_in_the_numbers():
    ducks = Scene(elements=tuple(Element(name, (0.1, 0.1, 0.2, 0.2)) for name in ("duck", "duck", "cup")))
    result = made("grounding", scene=ducks)
    assert [row["id"] for row in result.rows] == ["img7/grounding#2"]
    assert result.left_out[0] == LeftOut("grounding", "element 0 (duck)", "same_name")
    assert result.reasons == {"grounding/same_name": 2}


def test_all_boxes_of_a_name_come_row_by_row_from_the_top_members_of_groups_included():
    wording = RowWording(boxes=("Boxes of the {plural}?",))
    chair = Element("chair", (0.7, 0.1, 0.8, 0.2))
    scene = Scene("", (*SCENE.elements, chair), (CHAIRS,))
    found = asked(made("boxes", scene=scene, wording=wording, box_text=BoxText(frame="whole", digits=1)))
    assert ("Boxes of the gulls?", "[0.1, 0.1, 0.2, 0.2], [0.3, 0.1, 0.4, 0.2]") in found
    chairs = "[0.7, 0.1, 0.8, 0.2], [0.0, 0.5, 0.1, 0.9], [0.2, 0.5, 0.3, 0.9], [0.4, 0.5, 0.5, 0.9]"
    assert ("Boxes of the chairs?", chairs) in found
    assert len(found) == 4


def test_boxes_of_one_name_that_are_written_alike_are_not_asked_about():
    pair = (Element("duck", (0.1, 0.1, 0.5, 0.9)), Element("duck", (0.101, 0.1, 0.5, 0.9)))
    scene = Scene(elements=(*pair, Element("cup", (0.1, 0.1, 0.5, 0.9))))
    result = made("boxes", scene=scene)
    assert result.left_out == (LeftOut("boxes", "duck", "same_box"),)
    assert [row["id"] for row in result.rows] == ["img7/boxes#0"]
    assert len(made("boxes", scene=scene, box_text=BoxText(digits=3)).rows) == 2


def test_counts_take_elements_and_groups_together():
    more = Scene(elements=(*SCENE.elements, Element("chair", (0.8, 0.5, 0.9, 0.9))), groups=(CHAIRS,))
    assert asked(made("count", scene=more)) == [
        ("How many chairs?", "four"),
        ("How many decks?", "one"),
        ("How many gulls?", "two"),
        ("How many lifebuoys?", "one"),
    ]


@pytest.mark.parametrize(
    ("names", "answers", "reasons"),
    [
        (("chair", "office chair"), {"How many office chairs?": "one"}, {"count/nested_names": 1}),
        (("Duck", "duck"), {"How many Ducks?": "two"}, {}),
        (("ducks", "duck"), {}, {"count/plural_name": 2}),
        (("grass", "cup"), {"How many cups?": "one"}, {"count/uncountable": 1}),
        (("scissors",), {"How many scissors?": "one"}, {}),
    ],
)
def test_only_what_is_known_is_counted(names, answers, reasons):
    scene = Scene(elements=tuple(Element(name, (0.1, 0.1, 0.2, 0.2)) for name in names))
    result = made("count", scene=scene)
    assert dict(asked(result)) == answers
    assert result.reasons == reasons


def test_texts_are_asked_of_what_has_one():
    assert asked(made("text")) == [("What does the lifebuoy say?", "MV TERN")]


def test_attributes_are_asked_by_kind_and_never_with_the_answer_in_the_question():
    # A gull's color is what tells it from the other one, so it cannot be asked for.
    result = made("attribute")
    assert asked(result) == [
        ("What color is the lifebuoy?", "orange"),
        ("What shape is the lifebuoy?", "round"),
    ]
    assert result.reasons == {"attribute/same_name": 2}


def test_two_colors_are_one_answer_and_attributes_without_a_question_are_reported():
    boat = Element("boat", (0.1, 0.1, 0.2, 0.2), attributes=("white", "gray", "old"))
    result = made("attribute", scene=Scene(elements=(boat,)))
    assert asked(result) == [("What color is the boat?", "white and gray")]
    assert result.left_out == (LeftOut("attribute", "element 0 (boat), old", "no_question"),)


def test_a_name_that_tells_the_color_is_not_asked_for_it():
    gull = Element("gray gull", (0.1, 0.1, 0.2, 0.2), attributes=("gray",))
    assert made("attribute", scene=Scene(elements=(gull,))).reasons == {"attribute/told_by_name": 1}


def test_existence_is_asked_in_equal_numbers_of_yes_and_no():
    result = made("exist", absent=("anchor", "net", "chairs"))
    answers = Counter(answer for _, answer in asked(result))
    assert answers == {"Yes": 2, "No": 2}
    assert {question for question, answer in asked(result) if answer == "No"} == {
        "Is there an anchor?",
        "Is there a net?",
    }
    # Four names are there; the chairs are no absent thing.
    assert result.reasons == {"exist/not_absent": 1, "exist/unbalanced": 2}


@pytest.mark.parametrize(
    ("name", "is_absent"),
    [
        *(("animal", False), ("couch", False), ("sofa bed", False), ("puppies", False), ("ferry", False)),
        *(("net", True), ("guitar", True)),
    ],
)
def test_what_may_be_there_under_another_name_is_not_absent(name, is_absent):
    things = tuple(Element(each, (0.1, 0.1, 0.2, 0.2)) for each in ("dog", "sofa", "mast"))
    result = made("exist", scene=Scene("A boat.", things), absent=(name,))
    assert ("exist/not_absent" not in result.reasons) is is_absent
    assert len(result.rows) == (2 if is_absent else 0)


def test_without_anything_absent_existence_is_not_asked():
    assert made("exist").reasons == {"exist/unbalanced": 4}


def test_a_limit_keeps_some_by_seed_and_row_id_and_says_what_it_left():
    kept = {
        (seed, row_id): made("region", seed=seed, row_id=row_id, most_per_form=2)
        for seed in range(6)
        for row_id in "ab"
    }
    assert all(len(result.rows) == 2 and result.reasons == {"region/over_limit": 3} for result in kept.values())
    chosen = {key: tuple(row["id"][2:] for row in result.rows) for key, result in kept.items()}
    assert len(set(chosen.values())) > 3
    assert made("region", seed=3, row_id="a", most_per_form=2) == kept[3, "a"]


def test_a_limit_keeps_yes_and_no_balanced():
    result = made("exist", absent=("anchor", "net", "mast"), most_per_form=3)
    assert sorted(answer for _, answer in asked(result)) == ["No", "Yes"]


def test_wordings_go_by_seed_and_row_id_and_use_all_alternatives():
    questions = [asked(made("caption", wording=RowWording(), row_id=f"r{k}"))[0][0] for k in range(60)]
    counts = Counter(questions)
    assert set(counts) == set(RowWording().caption)
    assert min(counts.values()) > 15
    again = [asked(made("caption", wording=RowWording(), row_id=f"r{k}", seed=1))[0][0] for k in range(60)]
    assert again != questions


def test_rows_do_not_depend_on_the_other_forms_that_are_asked_for():
    alone = made("grounding", wording=RowWording())
    among = made("caption", "grounding", "region", wording=RowWording())
    assert [row for row in among.rows if row["form"] == "grounding"] == list(alone.rows)


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (Element("sign", (0.1, 0.1, 0.2, 0.2), text="<image>"), "placeholder_in_text"),
        (Element("sign", (0.1, 0.1, 0.2, 0.2), text="\ud800"), "not_unicode"),
        (Element("sign", (0.1, 0.1, 0.2, 0.2), text=" "), "empty_answer"),
        (Element("<image>", (0.1, 0.1, 0.2, 0.2), text="STOP"), "placeholder_in_text"),
    ],
)
def test_texts_that_cannot_be_trained_on_are_left_out(element, reason):
    result = made("text", scene=Scene(elements=(element,)))
    assert result.rows == ()
    assert result.reasons == {f"text/{reason}": 1}


def test_an_empty_scene_gives_no_rows_but_its_code():
    result = made(*FORMS, scene=Scene(), code="class Scene: ...")
    assert [row["form"] for row in result.rows] == ["code"]
    assert result.reasons == {"caption/empty_answer": 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"forms": ("grouding",)}, "forms must be some of code, caption, region"),
        ({"forms": "code"}, "each once; got 'code'."),
        ({"forms": ("text", "text")}, "each once; got ('text', 'text')."),
        ({"forms": ()}, "each once; got ()."),
        ({"forms": ("code",)}, "the form code must have the code's text; got None. Pass scene_to_code(scene)."),
        ({"row_id": ""}, "row_id must be a text that names the image's rows; got an empty one."),
        ({"most_per_form": 0}, "most_per_form must be at least 1 or None; got 0."),
        ({"size_wh": (0, 1)}, "size_wh must be width and height in pixels, at least 1; got (0, 1)."),
    ],
)
def test_settings_that_make_no_rows_are_refused(settings, message):
    with pytest.raises(SettingsError) as caught:
        scene_to_rows(SCENE, **{**SHARED, "forms": ("region",), **settings})
    assert message in str(caught.value)


def test_a_dialogue_shows_its_image_once_and_asks_every_question_once():
    forms = ("region", "grounding", "count", "text", "attribute")
    result = dialogue(*forms)
    parts = [[part["type"] for message in row["messages"] for part in message["content"]] for row in result.rows]
    assert all(kinds[0] == "image" and kinds.count("image") == 1 for kinds in parts)
    pairs = [pair for row in result.rows for pair in zip(texts(row)[::2], texts(row)[1::2], strict=True)]
    assert sorted(pairs) == sorted(asked(made(*forms)))
    assert result.left_out == made(*forms).left_out
    assert [row["id"] for row in result.rows] == [f"img7/dialogue#{k}" for k in range(len(result.rows))]
    assert {row["form"] for row in result.rows} == {"dialogue"}


def test_no_dialogue_asks_twice_about_one_kind_of_thing():
    for row in dialogue("region", "grounding", "count", "text", "attribute").rows:
        about = [
            name
            for text in texts(row)[::2] + texts(row)[1::2]
            for name in ("gull", "lifebuoy", "chair")
            if name in text
        ]
        assert len(about) == len(set(about))


@pytest.mark.parametrize("seed", range(6))
def test_a_chair_and_an_office_chair_never_share_a_row(seed):
    names = ("chair", "office chair", "cup")
    scene = Scene(elements=tuple(Element(name, (0.1 * k, 0.1, 0.1 * k + 0.1, 0.2)) for k, name in enumerate(names)))
    rows = dialogue("region", "exist", absent=("gull", "kite", "net"), scene=scene, seed=seed).rows
    said = [" ".join(texts(row)) for row in rows]
    # Two regions, and two questions whether they are there.
    assert [text.count("chair") for text in said] == [1, 1, 1, 1]
    assert any("cup" in text for text in said)


def test_a_dialogue_has_no_more_turns_than_it_may():
    rows = dialogue("region", "grounding", "count", turns_per_row=2).rows
    assert max(len(row["messages"]) for row in rows) == 4
    single = dialogue("region", turns_per_row=1).rows
    assert sorted(texts(row)[0] for row in single) == sorted(texts(row)[0] for row in made("region").rows)


def test_code_and_caption_stay_out_of_dialogues():
    result = dialogue("code", "caption", "region", code="class Scene:")
    assert [row for row in result.rows if row["form"] != "dialogue"] == list(
        made("code", "caption", code="class Scene:").rows
    )


def test_the_order_of_a_dialogue_goes_by_seed():
    orders = {tuple(texts(dialogue("count", seed=seed).rows[0])[::2]) for seed in range(8)}
    assert len(orders) > 2
    with pytest.raises(SettingsError, match="turns_per_row must be at least 1 or None; got 0"):
        dialogue("count", turns_per_row=0)


def test_rows_are_written_as_llava_json_and_read_back(tmp_path):
    code = "class Scene:\n    def __init__(self):\n        self.caption = 'A ferry deck.'"
    rows = [*made(*FORMS, code=code, absent=("net",)).rows, *dialogue("region", "count").rows]
    path = write_llava_json(rows, tmp_path / "rows.json")
    assert read_llava_json(path) == rows
    first = json.loads(path.read_text())[0]
    assert first["image"] == "7.png"
    assert first["conversations"] == [{"from": "human", "value": "<image>\nCode?"}, {"from": "gpt", "value": code}]


WORDS = st.text(min_size=1, max_size=6).filter(str.strip)


@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, WORDS, st.lists(WORDS, max_size=2), WORDS), max_size=4), st.text(max_size=8))
def test_whatever_was_read_every_row_survives_the_way_through_llava_json(things, caption):
    elements = tuple(
        Element(name, (0.1 * k, 0.1, 0.1 * k + 0.05, 0.9), said, tuple(attributes), text)
        for k, (name, said, attributes, text) in enumerate(things)
    )
    for result in (
        made(*FORMS, scene=Scene(caption, elements), code="x", absent=("net",), wording=RowWording()),
        dialogue(*FORMS, scene=Scene(caption, elements), code="x", absent=("net",), wording=RowWording()),
    ):
        for row in result.rows:
            assert llava_to_messages(json.loads(json.dumps(messages_to_llava(row)))) == row
            assert len(read_dialogue(row).images) == 1
        assert len({row["id"] for row in result.rows}) == len(result.rows)
