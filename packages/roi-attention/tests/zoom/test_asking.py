from dataclasses import dataclass

import numpy as np
import pytest
from box_space import Box, OriginalPixels
from PIL import Image
from roi_attention import ZoomError
from roi_attention.zoom import (
    Failure,
    Looked,
    Wording,
    ZoomItem,
    ZoomSettings,
    ask,
    ask_many,
    whole_box,
    zoom_row,
)

QWEN = ZoomSettings(frame="whole", form="qwen")


def noise(width=64, height=48, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@dataclass
class Scripted:
    """Gives what the script has for each conversation, and remembers what it was asked."""

    script: dict
    calls: list

    def __call__(self, conversations):
        self.calls.append(list(conversations))
        return [self.script[conversation.id] for conversation in conversations]


def scripted(*, where="[0.25, 0.25, 0.75, 0.75]", answer="Two", ids=("0",), **more):
    script = {f"{id}/where": where for id in ids} | {f"{id}/answer": answer for id in ids} | more
    return Scripted(script, [])


def item(id="0", image=None, question="How many?", **more):
    return ZoomItem(id, noise() if image is None else image, question, **more)


def test_the_second_turn_extends_the_first_with_its_very_objects():
    model, image = scripted(), noise()
    looked = ask(model, image, "How many?")
    ((first,), (second,)) = model.calls
    assert (first.stage, second.stage) == ("where", "answer")
    assert second.messages[0] is first.messages[0]
    assert second.images[0] is first.images[0]
    assert second.images[1] is looked.crop
    assert len(first.messages) == len(first.images) == 1
    assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]
    assert looked.messages == second.messages
    assert (looked.answer, looked.where_text, looked.where.verdict) == ("Two", "[0.25, 0.25, 0.75, 0.75]", "ok")
    assert looked.box.xyxy == (16, 8, 48, 40)


@pytest.mark.parametrize("settings", [ZoomSettings(), QWEN, ZoomSettings(shortest_px=40)])
def test_training_and_inference_have_the_same_turns_and_the_same_pixels(settings):
    image, box = noise(), Box(11, 7, 45, 33, OriginalPixels(64, 48))
    text = settings.text(box)
    pictures = settings.pictures(image, settings.read(text, image.size).box)
    row = zoom_row("How many?", "Two", text, pictures, row_id="7", instruction="In a word.", wording=settings.wording)
    model = scripted(where=text)
    looked = ask(model, image, "How many?", instruction="In a word.", settings=settings)
    ((second,),) = model.calls[1:]
    assert looked.where.verdict == "ok"
    assert list(second.messages) == row["messages"][:3]
    assert [picture.tobytes() for picture in second.images] == [picture.tobytes() for picture in row["images"]]
    assert [picture.size for picture in second.images] == [picture.size for picture in row["images"]]


@pytest.mark.parametrize(
    ("where", "verdict", "history"),
    [
        ("I do not know.", "no_box", "[0.000, 0.125, 1.000, 0.875]"),
        ("[nan, nan, nan, nan] <image>", "not_finite", "[0.000, 0.125, 1.000, 0.875]"),
        ("[0.0, 0.0, 1.0, 0.05]", "outside", "[0.000, 0.125, 1.000, 0.875]"),
        ("[0.75, 0.75, 0.25, 0.25]", "sorted", "[0.250, 0.250, 0.750, 0.750]"),
        ("At (0.25, 0.25, 0.75, 0.75)!", "loose", "[0.250, 0.250, 0.750, 0.750]"),
        ("[0.25,0.25,0.75,0.75]", "ok", "[0.25,0.25,0.75,0.75]"),
    ],
)
def test_the_history_says_what_was_cut_out_and_the_verdict_what_was_wrong(where, verdict, history):
    model, image = scripted(where=where), noise()
    looked = ask(model, image, "How many?")
    assert (looked.where.verdict, looked.where_text) == (verdict, where)
    assert looked.messages[1]["content"] == [{"type": "text", "text": history}]
    if not looked.where.was_read:
        assert looked.crop.tobytes() == model.calls[0][0].images[0].tobytes()


def test_first_turns_are_asked_together_and_then_the_second():
    ids = ("a", "b", "c")
    model = scripted(ids=ids, **{"b/where": "nonsense", "c/answer": "Three"})
    results = ask_many(model, [item(id) for id in ids])
    assert [[conversation.id for conversation in call] for call in model.calls] == [
        ["a/where", "b/where", "c/where"],
        ["a/answer", "b/answer", "c/answer"],
    ]
    assert [(result.id, result.answer) for result in results] == [("a", "Two"), ("b", "Two"), ("c", "Three")]
    assert [result.where.verdict for result in results] == ["ok", "no_box", "ok"]


@dataclass(frozen=True)
class OutOfMemory:
    reason: str = "out_of_memory"

    def __str__(self):
        return "out_of_memory: no room\nfor the batch"


def test_each_failure_has_a_stage_and_a_reason_and_its_neighbours_go_on(tmp_path):
    (tmp_path / "torn.png").write_bytes(b"no picture")
    ids = ("good", "oom", "late", "unsaid")
    failures = {"oom/where": OutOfMemory(), "late/answer": TimeoutError("60 s"), "unsaid/answer": ""}
    model = scripted(ids=ids, **failures)
    items = [
        item("good"),
        item("oom"),
        item("torn", tmp_path / "torn.png"),
        item("gone", str(tmp_path / "gone.png")),
        item("late"),
        item("marked", question="What is <image>?"),
        item("blank", question=" "),
        item("quotes", question='" “ » 」 『'),
        item("unsaid"),
        item("bad end", instruction="<image>"),
    ]
    results = ask_many(model, items)
    assert [result.id for result in results] == [one.id for one in items]
    assert [(r.id, r.stage, r.reason) for r in results if isinstance(r, Failure)] == [
        ("oom", "where", "out_of_memory"),
        ("torn", "where", "not_an_image"),
        ("gone", "where", "missing"),
        ("late", "answer", "TimeoutError"),
        ("marked", "where", "placeholder_in_text"),
        ("blank", "where", "no_question"),
        ("quotes", "where", "quotes"),
        ("bad end", "where", "placeholder_in_text"),
    ]
    assert results[1].detail == "out_of_memory: no room for the batch"
    assert [r.answer for r in results if isinstance(r, Looked)] == ["Two", ""]


def test_a_file_is_opened_upright_as_boxes_refer_to_it(tmp_path):
    image = noise()
    image.save(tmp_path / "a.png")
    model = scripted()
    assert ask(model, tmp_path / "a.png", "How many?").crop.tobytes() == ask(model, image, "How many?").crop.tobytes()


def test_controls_overrule_the_box_and_the_history_says_theirs():
    image, seen = noise(), []

    def centre(original, question, where):
        seen.append((original, question, where.verdict))
        return Box(16, 12, 48, 36, OriginalPixels(*original.size))

    looked = ask(scripted(where="no idea"), image, "How many?", settings=QWEN, choose_box=centre)
    assert seen == [(image, "How many?", "no_box")]
    assert looked.crop.tobytes() == image.crop((16, 12, 48, 36)).tobytes()
    assert looked.messages[1]["content"][0]["text"] == '{"bbox_2d": [250, 250, 750, 750]}'
    assert looked.where.box == whole_box(image.size)
    assert looked.box.xyxy == (16, 12, 48, 36)


def test_a_control_that_agrees_with_the_model_changes_nothing():
    image = noise()
    free = ask(scripted(), image, "How many?")
    same = ask(scripted(), image, "How many?", choose_box=lambda image, question, where: where.box)
    assert free.messages == same.messages
    assert free.crop.tobytes() == same.crop.tobytes()


def test_a_control_beside_the_image_is_a_failure_and_an_error_of_its_own_is_raised():
    beside = lambda image, question, where: Box(99, 0, 120, 9, OriginalPixels(*image.size))  # noqa: E731
    (result,) = ask_many(scripted(), [item()], choose_box=beside)
    assert (result.stage, result.reason) == ("answer", "outside_image")
    with pytest.raises(ZeroDivisionError):
        ask(scripted(), noise(), "How many?", choose_box=lambda *_: 1 / 0)


def test_a_single_question_that_fails_raises_its_reason():
    with pytest.raises(ZoomError, match="the turn 'answer' failed: 60 s") as error:
        ask(scripted(answer=TimeoutError("60 s")), noise(), "How many?")
    assert error.value.reason == "TimeoutError"


def test_nothing_is_asked_where_nothing_is_left_to_ask():
    model = scripted()
    assert ask_many(model, []) == []
    assert isinstance(ask_many(model, [item(question=" ")])[0], Failure)
    assert model.calls == []


def test_a_model_that_loses_conversations_and_items_of_one_id_are_refused():
    with pytest.raises(ZoomError, match="got 0 for 1"):
        ask(lambda conversations: [], noise(), "How many?")
    with pytest.raises(ZoomError, match="an id of its own"):
        ask_many(scripted(), [item(), item()])


def test_the_words_are_those_of_the_settings():
    wording = Wording(where_request="Wo? {question}", region_is="Da: {region}", answer_request="{question}")
    looked = ask(scripted(), noise(), 'Was heißt "EXIT"?', settings=ZoomSettings(wording=wording))
    assert looked.messages[0]["content"][1]["text"] == 'Wo? “Was heißt "EXIT"?”'
    assert looked.messages[2]["content"][0]["text"] == "Da: "


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame": "square"}, "frame must be"),
        ({"form": "xml"}, "form must be"),
        ({"digits": 0}, "digits must be from 1 to 6; got 0"),
        ({"least_share": 1.5}, "least_share must be from 0 to 1; got 1.5"),
        ({"shortest_px": 0}, "shortest_px must be at least 1; got 0"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(change, message):
    with pytest.raises(ZoomError, match=message):
        ZoomSettings(**change)
