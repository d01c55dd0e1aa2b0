import pytest
from code_caption import (
    Ask,
    CodeCaptionError,
    Cost,
    Evidence,
    ImageEvidence,
    Interview,
    Reply,
    Said,
    Sighting,
    confirming_asks,
    interview_images,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import BOX, IMAGE, SIZE_WH, ScriptedModel, random_script, worlds


def image_of(image_id, *names):
    return ImageEvidence(image_id, IMAGE, Evidence(SIZE_WH, tuple(Sighting(k, n, BOX) for k, n in enumerate(names))))


def confirming(one):
    return confirming_asks(one.evidence, Interview(), control="elk")


def test_images_are_asked_about_together_and_leave_once_they_lack_nothing():
    model = ScriptedModel({"exists/0": True, "exists/1": True, "exists/2": True, "at_least/cup/2": True})
    images = [image_of("a", "cup"), image_of("b", "cup", "cup", "cup"), image_of("c")]
    costs = interview_images(images, confirming, model)
    assert [[one.image_id for one in together] for together in model.rounds] == [["a", "b"], ["b"], ["b"]]
    assert [[ask.key for ask in together[-1].asks] for together in model.rounds[1:]] == [
        ["at_least/cup/3"],
        ["at_least/cup/2"],
    ]
    assert costs == [Cost(2, 2), Cost(6, 6), Cost(0, 0)]


def test_sequences_are_those_that_the_model_reports_lost_questions_too():
    replies = {"exists/0": Reply(texts=(Said("yes"),), sequences=8), "control/elk": Reply(error="lost", sequences=0)}
    assert interview_images([image_of("a", "cup")], confirming, ScriptedModel(replies)) == [Cost(2, 8)]


def test_tokens_are_those_that_the_model_reports_over_all_rounds():
    yes = Reply(texts=(Said("yes"),), tokens=2)
    replies = {"exists/0": yes, "exists/1": yes, "at_least/cup/2": Reply(texts=(Said("no"),), tokens=5)}
    (cost,) = interview_images([image_of("a", "cup", "cup")], confirming, ScriptedModel(replies))
    assert cost == Cost(4, 4, 2 + 2 + 5)


def test_without_images_the_model_is_not_called():
    model = ScriptedModel({})
    assert interview_images([], confirming, model) == []
    assert model.rounds == []


def test_wanting_again_what_was_asked_is_refused_instead_of_asked_for_ever():
    asks = [Ask(("exists", "0"), "Is it there?")]
    with pytest.raises(CodeCaptionError, match=r"each question must be wanted once; got 'exists/0' again\."):
        interview_images([image_of("a", "cup")], lambda _one: asks, ScriptedModel({}))
    with pytest.raises(CodeCaptionError, match="got 'exists/0' again"):
        interview_images([image_of("a", "cup")], lambda _one: asks * 2, ScriptedModel({}))


@pytest.mark.parametrize("replies", [[], [[Reply(p_yes=1.0)]], [[Reply(p_yes=1.0)] * 3]])
def test_a_model_that_replies_too_little_or_too_much_is_refused(replies):
    with pytest.raises(CodeCaptionError, match=r"a model must reply to each question, \[2\] by image; got"):
        interview_images([image_of("a", "cup")], confirming, lambda _images: replies)


@settings(max_examples=25)
@given(st.lists(worlds(), min_size=2, max_size=3), st.integers(0, 999))
def test_an_image_gets_the_same_answers_alone_and_beside_others(several, seed):
    def images():
        return [ImageEvidence(str(k), IMAGE, Evidence(SIZE_WH, ones, said)) for k, (ones, said) in enumerate(several)]

    together, apart = images(), images()
    costs = interview_images(together, confirming, ScriptedModel(random_script(seed)))
    for one, beside, cost in zip(apart, together, costs, strict=True):
        assert interview_images([one], confirming, ScriptedModel(random_script(seed))) == [cost]
        assert one.evidence == beside.evidence
