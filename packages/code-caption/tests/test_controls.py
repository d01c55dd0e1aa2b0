from math import inf, nan, nextafter

import pytest
from code_caption import HYPERNYMS, EvidenceError, SettingsError, calibrate, pick_control
from hypothesis import given
from hypothesis import strategies as st


def drawn(names, captions=(), concepts=(), **settings):
    """All that the draw can give."""
    return {pick_control(names, captions, concepts, seed=str(seed), **settings) for seed in range(40)}


def test_every_name_that_is_not_there_can_be_drawn_and_no_other():
    assert drawn(["duck", "cup", "kite", "rug"], ["Two ducks."], ["rug"]) == {"cup", "kite"}
    assert drawn(["duck", "cup"], ["A duck by a cup."]) == {""}
    assert drawn([]) == {""}


def test_the_draw_depends_on_the_seed_alone():
    names = sorted(HYPERNYMS["animal"] | HYPERNYMS["tool"])
    assert len(drawn(names)) > 10
    assert pick_control(names, [], [], seed="7") == pick_control(names, [], [], seed="7")


@pytest.mark.parametrize("name", ["Sofa", "sofa bed", "leather sofa", "furniture", "couch", "table"])
def test_what_might_be_there_under_another_name_is_no_control(name):
    assert drawn([name, "kite"], [], ["sofa"]) == {"kite"}
    assert drawn([name, "kite"], ["Some sofas in a row."]) == {"kite"}


def test_a_broad_word_in_a_caption_rules_out_what_it_may_stand_for():
    assert drawn(["dog", "kite"], ["An animal runs."]) == {"kite"}


def test_captions_are_read_one_by_one():
    assert drawn(["toy kite"], ["There is a toy", "kite flying is fun"], hypernyms={}) == {"toy kite"}


def test_controls_count_what_passed_and_say_which_threshold_would_do():
    found = calibrate([0.1, 0.6, 0.8, 0.9], threshold=0.7, most_accepted=0.25)
    assert (found.controls, found.accepted, found.accepted_share) == (4, 2, 0.5)
    # One of four may pass: 0.9; so 0.8 must not.
    assert found.threshold == nextafter(0.8, inf)


def test_no_threshold_refuses_what_is_certain():
    assert calibrate([1.0, 1.0, 0.2], threshold=0.5, most_accepted=0.5).threshold == inf
    assert calibrate([1.0, 0.3, 0.2], threshold=0.5, most_accepted=0.5).threshold == 0.5


def test_without_controls_there_is_no_share():
    found = calibrate([], threshold=0.6)
    assert (found.controls, found.accepted_share, found.threshold) == (0, None, 0.6)


@pytest.mark.parametrize("share", [-0.1, 1.1, nan])
@pytest.mark.parametrize("name", ["most_accepted", "threshold"])
def test_a_share_out_of_range_is_refused(name, share):
    with pytest.raises(SettingsError, match=f"{name} must lie between 0 and 1; got {share}"):
        calibrate([0.1], **{"threshold": 0.5, name: share})


@pytest.mark.parametrize("p", [-0.1, 1.1, nan])
def test_what_is_no_probability_is_no_control(p):
    with pytest.raises(EvidenceError, match=f"p_yes must be probabilities, 0 to 1; got {p}"):
        calibrate([0.1, p], threshold=0.5)


@given(st.lists(st.sampled_from([0.0, 0.3, 0.6, 0.61, 0.9, 1.0]), min_size=1, max_size=30), st.integers(0, 20))
def test_the_threshold_lets_no_more_pass_than_wished_and_the_next_lower_one_does(p_yes, twentieths):
    most = twentieths / 20
    threshold = calibrate(p_yes, threshold=0.5, most_accepted=most).threshold
    allowed = twentieths * len(p_yes) // 20
    assert sum(p >= threshold for p in p_yes) <= allowed
    if threshold > 0.5:
        assert sum(p >= min(1.0, nextafter(threshold, 0)) for p in p_yes) > allowed
