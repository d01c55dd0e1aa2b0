import pytest
from code_caption import Answer, Sighting, counts_to_ask, recount
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import BOX


def of_one_name(name, *scores, first=0):
    return [Sighting(first + number, name, BOX, score) for number, score in enumerate(scores)]


DUCKS = of_one_name("duck", 0.3, 0.9, 0.6, 0.9)


def test_the_best_boxes_stay_where_fewer_are_confirmed():
    answers = {("duck", 4): Answer(0.2), ("duck", 3): Answer(0.3), ("duck", 2): Answer(0.9)}
    kept, drops = recount(DUCKS, answers, policy="shrink", threshold=0.5)
    # Both with 0.9; among equal scores the first key wins.
    assert [one.key for one in kept] == [1, 3]
    assert [(drop.keys, drop.reason, drop.detail) for drop in drops] == [
        ((2,), "too_many", "4 boxes, 2 confirmed"),
        ((0,), "too_many", "4 boxes, 2 confirmed"),
    ]


def test_one_box_stays_of_a_name_of_which_no_number_is_confirmed():
    kept, _ = recount(DUCKS, {("duck", least): Answer(0.0) for least in (2, 3, 4)}, policy="shrink", threshold=0.5)
    assert [one.key for one in kept] == [1]


def test_all_go_under_the_policy_drop():
    answers = {("duck", 4): Answer(0.2), ("duck", 2): Answer(0.9)}
    kept, drops = recount([*DUCKS, *of_one_name("cup", 0.5, first=9)], answers, policy="drop", threshold=0.5)
    assert [one.name for one in kept] == ["cup"]
    assert {drop.detail for drop in drops} == {"4 boxes, not confirmed"}
    assert recount(DUCKS, {("duck", 4): Answer(0.5)}, policy="drop", threshold=0.5) == (DUCKS, [])


def test_a_number_without_an_answer_is_not_confirmed():
    _, drops = recount(DUCKS[:2], {}, policy="shrink", threshold=0.5)
    assert [(drop.keys, drop.reason) for drop in drops] == [((0,), "unanswered")]
    _, drops = recount(DUCKS[:2], {}, policy="drop", threshold=0.5)
    assert [drop.reason for drop in drops] == ["unanswered", "unanswered"]


def test_single_things_are_not_counted():
    ones = [*of_one_name("cup", 0.5), *of_one_name("bee", 0.5, first=1)]
    assert recount(ones, {}, policy="shrink", threshold=0.5) == (ones, [])
    assert counts_to_ask(ones, {}, policy="shrink", threshold=0.5) == []


def test_every_name_is_asked_about_in_one_round():
    ones = [*DUCKS, *of_one_name("cup", 0.5, 0.5, first=9)]
    assert counts_to_ask(ones, {}, policy="shrink", threshold=0.5) == [("cup", 2), ("duck", 4)]
    answers = {("cup", 2): Answer(1.0), ("duck", 4): Answer(0.0)}
    assert counts_to_ask(ones, answers, policy="shrink", threshold=0.5) == [("duck", 3)]
    assert counts_to_ask(ones, answers, policy="drop", threshold=0.5) == []


@pytest.mark.parametrize("policy", ["shrink", "drop"])
@settings(max_examples=50)
@given(data=st.data())
def test_asking_while_it_matters_decides_as_asking_every_number(policy, data):
    ones = [
        Sighting(key, name, BOX, score)
        for key, (name, score) in enumerate(
            data.draw(st.lists(st.tuples(st.sampled_from(["duck", "cup"]), st.sampled_from([0.3, 0.6])), max_size=8))
        )
    ]
    shares = st.floats(0, 1).map(Answer)
    everything = {(name, least): data.draw(shares) for name in ("cup", "duck") for least in range(2, 9)}
    known = {}
    while wanted := counts_to_ask(ones, known, policy=policy, threshold=0.5):
        assert not set(wanted) & set(known)
        known |= {about: everything[about] for about in wanted}
    kept, drops = recount(ones, known, policy=policy, threshold=0.5)
    all_kept, all_drops = recount(ones, everything, policy=policy, threshold=0.5)
    assert (kept, drops) == (all_kept, all_drops)
    names = [one.name for one in ones]
    assert len(known) <= sum(max(0, names.count(name) - 1) for name in set(names))
