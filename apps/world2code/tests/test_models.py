"""The model behind questions: checks by probability or in words, order, errors, the best of those drawn."""

import weakref
from pathlib import Path
from typing import Any

import pytest
from code_caption import WHOLE, Ask, Decoding, ImageAsks, Reply, Said, View
from PIL import Image
from trial_sampler import ChoiceResult, Request, SampleFailure, SampleResult, Trial
from world2code.answer_book import AnswerBook
from world2code.errors import InputError
from world2code.models import ModelAsker, load_model, release_model
from world2code.settings import W2cSettings

PICTURE = Image.new("RGB", (64, 48), "red")
LEFT = View("crop", (0, 0, 32, 48))


def check(about: str, view: View = WHOLE) -> Ask:
    return Ask(("exists", about), f"Is {about} there?", view)


def draw(about: str, **decoding: Any) -> Ask:
    return Ask(("region", about), f"Describe {about}.", WHOLE, Decoding(**decoding))


def test_checks_are_scored_and_everything_else_is_sampled_in_order(scripted: Any) -> None:
    scripted.p_yes = lambda text: 0.2 if "Is 1 " in text else 0.8
    scripted.say = lambda text: f"said of {text}"
    asks = (check("0"), draw("a"), check("1"), draw("b"))
    first, second = ModelAsker(scripted)([ImageAsks("x", PICTURE, asks), ImageAsks("y", PICTURE, asks[2:])])
    assert [reply.p_yes for reply in first] == [0.8, None, 0.2, None]
    assert [[said.text for said in reply.texts] for reply in first] == [
        [],
        ["said of Describe a."],
        [],
        ["said of Describe b."],
    ]
    assert second == first[2:]
    assert sorted(scripted.asked) == [
        "x/exists/0", "x/exists/1", "x/region/a", "x/region/b", "y/exists/1", "y/region/b",
    ]  # fmt: skip


def test_checks_in_words_are_short_greedy_texts() -> None:
    class Words:
        def sample(self, requests: Any) -> list[SampleResult]:
            self.requests = requests
            return [SampleResult(one.id, (Trial("Yes.", "stop", 2, -0.1, 0),)) for one in requests]

    sampler = Words()
    ((reply,),) = ModelAsker(sampler, by_probability=False)([ImageAsks("x", PICTURE, (check("0"),))])
    assert reply == Reply(texts=(Said("Yes.", -0.05),))
    (request,) = sampler.requests
    assert isinstance(request, Request)
    assert (request.n, request.temperature, request.max_new_tokens) == (1, 0.0, 8)


def test_an_error_of_one_request_does_not_touch_the_others() -> None:
    class Broken:
        def sample(self, requests: Any) -> list[SampleResult]:
            return [
                SampleResult(one.id, error=SampleFailure("model", "it broke"))
                if one.id.endswith("b")
                else SampleResult(one.id, (Trial("fine", "stop", 1, -1.0, 0),))
                for one in requests
            ]

        def score(self, requests: Any) -> list[ChoiceResult]:
            return [
                ChoiceResult(one.id, error=SampleFailure("choices", "no share"))
                if one.id.endswith("1")
                else ChoiceResult(one.id, (0.7, 0.3), 1.0)
                for one in requests
            ]

    asks = (check("0"), check("1"), draw("a"), draw("b"))
    (replies,) = ModelAsker(Broken())([ImageAsks("x", PICTURE, asks)])
    assert [reply.error for reply in replies] == ["", "choices: no share", "", "model: it broke"]
    assert replies[0].p_yes == 0.7
    assert replies[2].texts[0].text == "fine"


def test_the_likeliest_of_those_drawn_are_kept_by_token_and_counted() -> None:
    logprobs = [-4.0, -2.0, -9.0, -2.0]
    tokens = [2, 1, 9, 1]

    class Drawn:
        def sample(self, requests: Any) -> list[SampleResult]:
            (one,) = requests
            trials = zip(logprobs, tokens, strict=True)
            return [SampleResult(one.id, tuple(Trial(f"t{k}", "length", n, p, k) for k, (p, n) in enumerate(trials)))]

    asked = ImageAsks("x", PICTURE, (draw("a", n=3, temperature=0.8, drawn=4),))
    ((reply,),) = ModelAsker(Drawn())([asked])
    assert [(said.text, said.mean_logprob) for said in reply.texts] == [("t2", -1.0), ("t0", -2.0), ("t1", -2.0)]
    assert not any(said.is_whole for said in reply.texts)
    assert (reply.sequences, reply.tokens) == (4, 13)


def test_questions_about_one_view_share_one_picture(scripted: Any) -> None:
    asks = (check("0"), check("1", LEFT), check("2", LEFT), check("3"))
    ModelAsker(scripted)([ImageAsks("x", PICTURE, asks)])
    whole, left, again, last = scripted.pictures
    assert whole is PICTURE
    assert last is PICTURE
    assert left is again
    assert left.size == (32, 48)


def test_a_view_outside_of_the_image_is_an_error_and_is_not_asked(scripted: Any) -> None:
    asks = (check("0", View("crop", (100, 100, 120, 120))), check("1"))
    (replies,) = ModelAsker(scripted)([ImageAsks("x", PICTURE, asks)])
    assert replies[0].error == "view: it does not touch the image"
    assert replies[0].sequences == 0
    assert replies[1].p_yes == 0.9
    assert scripted.asked == ["x/exists/1"]


def test_nothing_to_ask_asks_nothing(scripted: Any) -> None:
    assert ModelAsker(scripted)([]) == []
    assert ModelAsker(scripted)([ImageAsks("x", PICTURE, ())]) == [[]]
    assert scripted.asked == []


# what was answered before


def book(path: Path, scripted: Any, **identity: Any) -> AnswerBook:
    return AnswerBook(path / "answers.sqlite", identity, lambda: ModelAsker(scripted))


def test_what_was_answered_once_is_never_asked_again(scripted: Any, tmp_path: Path) -> None:
    scripted.say = lambda text: 'with "quotes", ünicode and \n lines'
    asks = (check("0"), draw("a", n=2, temperature=0.8), check("0", LEFT))
    (first,) = book(tmp_path, scripted)([ImageAsks("x", PICTURE, asks)])
    scripted.asked.clear()
    reopened = AnswerBook(tmp_path / "answers.sqlite", {}, lambda: pytest.fail("the model was opened"))
    (again,) = reopened([ImageAsks("x", PICTURE.copy(), asks)])
    assert again == first
    for replies in (first, again):
        assert [(reply.sequences, reply.tokens) for reply in replies] == [(1, 0), (2, 6), (1, 0)]
    new = check("1")
    (replies,) = book(tmp_path, scripted)([ImageAsks("x", PICTURE, (asks[0], new, asks[1]))])
    assert replies == [first[0], Reply(p_yes=0.9), first[1]]
    assert scripted.asked == ["x/exists/1"]


@pytest.mark.parametrize(
    "asked",
    [
        ImageAsks("y", PICTURE, (check("0"),)),
        ImageAsks("x", Image.new("RGB", (64, 48), "blue"), (check("0"),)),
        ImageAsks("x", Image.new("RGB", (48, 64), "red"), (check("0"),)),
        ImageAsks("x", PICTURE, (check("0", LEFT),)),
        ImageAsks("x", PICTURE, (Ask(("exists", "0"), "Can you see 0?"),)),
        ImageAsks("x", PICTURE, (Ask(("exists", "0"), "Is 0 there?", WHOLE, Decoding()),)),
    ],
)
def test_any_other_question_is_asked(asked: ImageAsks, scripted: Any, tmp_path: Path) -> None:
    for one in (ImageAsks("x", PICTURE, (check("0"),)), asked):
        scripted.asked.clear()
        book(tmp_path, scripted)([one])
        assert len(scripted.asked) == 1
    scripted.asked.clear()
    book(tmp_path, scripted, model="another")([asked])
    assert len(scripted.asked) == 1


def test_errors_are_not_kept(scripted: Any, tmp_path: Path) -> None:
    scripted.say = lambda text: "error: busy"
    asked = ImageAsks("x", PICTURE, (draw("a"),))
    assert book(tmp_path, scripted)([asked])[0][0].error == "model: error: busy"
    scripted.say = lambda text: "a dog"
    assert book(tmp_path, scripted)([asked])[0][0].texts[0].text == "a dog"


def test_another_model_takes_the_place_of_the_one_in_memory_before_it_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alive: list[str] = []

    class Opened:
        def __init__(self, model: str) -> None:
            assert alive == []
            alive.append(model)
            weakref.finalize(self, alive.remove, model)

    monkeypatch.setattr("trial_sampler.model_slot.load_sampler", lambda model, **_: Opened(model))
    settings = W2cSettings.model_validate({"images": "photos", "model": "m", "device": "cpu"})
    first = weakref.ref(load_model("a", settings))
    assert load_model("a", settings) is first()
    load_model("b", settings)
    assert alive == ["b"]
    release_model()
    assert alive == []


def test_a_damaged_book_of_answers_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_text("no book at all, but long enough to be looked at as one")
    with pytest.raises(InputError, match=r"answers.sqlite in the run folder can't be read .*delete it"):
        AnswerBook(tmp_path / "answers.sqlite", {}, lambda: pytest.fail("the model was opened"))
