from code_caption import Answer, Sighting, confirm

from .conftest import BOX

CUP, BEE, DUCK = (Sighting(key, name, BOX) for key, name in enumerate(["cup", "bee", "duck"]))


def reasons(drops):
    return {drop.what: drop.reason for drop in drops}


def test_a_box_passes_at_the_threshold_and_keeps_its_order():
    kept, drops = confirm([DUCK, CUP, BEE], {0: Answer(0.5), 1: Answer(0.49), 2: Answer(1.0)}, threshold=0.5)
    assert kept == [DUCK, CUP]
    assert [(drop.rule, drop.reason, drop.keys, drop.detail) for drop in drops] == [
        ("existence", "said_no", (1,), "p(yes) 0.49")
    ]


def test_no_answer_and_no_word_are_no_yes():
    _, drops = confirm([CUP, BEE], {1: Answer(0.0, is_known=False)}, threshold=0.5)
    assert reasons(drops) == {"cup": "unanswered", "bee": "unknown"}


def test_a_box_must_be_as_likely_as_what_is_not_there():
    answers = {0: Answer(0.8), 1: Answer(0.7), 2: Answer(0.4)}
    kept, drops = confirm([CUP, BEE, DUCK], answers, control=0.8, threshold=0.5)
    assert kept == [CUP]
    assert reasons(drops) == {"bee": "below_control", "duck": "said_no"}


def test_the_threshold_can_be_raised():
    assert confirm([CUP], {0: Answer(0.8)}, threshold=0.9)[0] == []
    assert confirm([CUP], {0: Answer(0.0)}, threshold=0.0)[0] == [CUP]
