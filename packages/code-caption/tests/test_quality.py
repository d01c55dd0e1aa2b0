import dataclasses

import pytest
from code_caption.errors import SettingsError
from code_caption.quality import KINDS, SceneScore, Tally, compare_scenes, scores_to_table
from code_caption.scene import Element, Group, Relation, Scene
from hypothesis import given, settings
from hypothesis import strategies as st

LEFT, RIGHT, LOW = (0.0, 0.0, 0.4, 0.4), (0.6, 0.0, 1.0, 0.4), (0.0, 0.6, 0.4, 1.0)


def thing(name, box, *attributes):
    return Element(name, box, attributes=attributes)


def test_things_count_as_right_by_name_and_overlap():
    truth = Scene(elements=(thing("duck", LEFT), thing("cup", RIGHT), thing("bee", LOW)))
    found = Scene(elements=(thing("duck", LEFT), thing("mug", RIGHT), thing("bee", (0.5, 0.5, 0.9, 0.9))))
    score = compare_scenes(found, truth)
    assert score.elements == Tally(right=1, stated=3, true=3)
    assert (score.elements.precision, score.elements.recall) == (1 / 3, 1 / 3)
    assert compare_scenes(found, truth, same_name=lambda a, b: a == b or (a, b) == ("mug", "cup")).elements.right == 2


def test_an_overlap_of_exactly_the_threshold_is_enough():
    # 0.2 x 0.4 inside 0.4 x 0.4: half.
    truth, found = Scene(elements=(thing("duck", LEFT),)), Scene(elements=(thing("duck", (0.0, 0.0, 0.2, 0.4)),))
    assert compare_scenes(found, truth).elements.right == 1
    assert compare_scenes(found, truth, iou=0.51).elements.right == 0
    # Half of two thirds, which comes out as 0.49999999999999994.
    truth, found = (Scene(elements=(thing("duck", (0.0, 0.1, x1, 0.7)),)) for x1 in (2 / 3, 1 / 3))
    assert compare_scenes(found, truth).elements.right == 1


def test_twins_are_matched_by_what_they_are_and_not_by_their_order():
    # Both found ducks overlap the true one fully; "blue" goes before "red" in either order.
    truth = Scene(elements=(thing("duck", LEFT, "red"),))
    twins = (thing("duck", LEFT, "red"), thing("duck", LEFT, "blue"))
    scores = [compare_scenes(Scene(elements=order), truth) for order in (twins, twins[::-1])]
    assert scores[0] == scores[1]
    assert scores[0].elements == Tally(1, 2, 1)


def test_one_true_thing_is_found_once():
    near = (0.0, 0.0, 0.4, 0.38)
    found = Scene(elements=(thing("duck", near, "blue"), thing("duck", LEFT, "red")))
    score = compare_scenes(found, Scene(elements=(thing("duck", LEFT, "red"),)))
    assert score.elements == Tally(1, 2, 1)
    # The closer of the two is the match.
    assert score.attributes == Tally(1, 1, 1)


def test_the_largest_overlap_is_matched_first():
    # The first found duck fits both true ones, by 0.9 and 0.6; the second fits the first true one only, by 0.7.
    # Greedy matching spends the first pair on 0.9, so one match is left where two were possible.
    truth = Scene(elements=(thing("duck", (0.0, 0.0, 1.0, 1.0)), thing("duck", (0.0, 0.0, 1.0, 0.54))))
    found = Scene(elements=(thing("duck", (0.0, 0.0, 1.0, 0.9)), thing("duck", (0.0, 0.0, 0.7, 1.0))))
    assert compare_scenes(found, truth).elements.right == 1


def test_attributes_are_judged_on_matched_things_only():
    truth = Scene(elements=(thing("duck", LEFT, "red", "small"), thing("cup", RIGHT, "white")))
    found = Scene(elements=(thing("duck", LEFT, "red", "shiny", "red"), thing("bee", RIGHT, "black")))
    assert compare_scenes(found, truth).attributes == Tally(right=1, stated=2, true=2)


def test_relations_are_unordered_pairs_of_matched_things():
    elements = (thing("duck", LEFT), thing("cup", RIGHT), thing("bee", LOW))
    truth = Scene(elements=elements, relations=(Relation(0, 1, "Beside."), Relation(1, 2, "Over.")))
    found = Scene(
        elements=(elements[1], elements[0], elements[2]),
        relations=(Relation(0, 1, "A cup near a duck."), Relation(1, 0, "The same."), Relation(1, 2, "Wrong.")),
    )
    assert compare_scenes(found, truth).relations == Tally(right=1, stated=2, true=2)


def test_a_relation_of_things_that_are_not_there_is_wrong():
    truth = Scene(elements=(thing("duck", LEFT),))
    found = Scene(elements=(thing("duck", LEFT), thing("cup", RIGHT)), relations=(Relation(0, 1, "Beside."),))
    assert compare_scenes(found, truth).relations == Tally(right=0, stated=1, true=0)


def test_members_of_groups_are_things_and_share_its_relations():
    chairs = ((0.0, 0.5, 0.1, 0.9), (0.2, 0.5, 0.3, 0.9), (0.4, 0.5, 0.5, 0.9))
    truth = Scene(
        elements=(thing("table", RIGHT), *(thing("chair", box) for box in chairs)),
        relations=(Relation(0, 1, "At it."), Relation(0, 2, "At it.")),
    )
    found = Scene(
        elements=(thing("table", RIGHT),), groups=(Group("chair", chairs),), relations=(Relation(0, 1, "Around it."),)
    )
    score = compare_scenes(found, truth)
    assert score.elements == Tally(4, 4, 4)
    assert score.relations == Tally(right=2, stated=3, true=2)
    assert score.counts == Tally(2, 2, 2)


def test_a_count_is_right_where_it_is_exact():
    truth = Scene(elements=(thing("duck", LEFT), thing("duck", RIGHT), thing("cup", LOW)))
    found = Scene(elements=(thing("duck", LEFT), thing("cup", RIGHT), thing("bee", LOW)))
    assert compare_scenes(found, truth).counts == Tally(right=1, stated=3, true=2)


def test_counts_of_names_that_mean_the_same_are_put_together():
    truth = Scene(elements=(thing("sofa", LEFT), thing("sofa", RIGHT)))
    found = Scene(elements=(thing("sofa", LEFT), thing("couch", RIGHT)))
    same = {"sofa", "couch"}
    score = compare_scenes(found, truth, same_name=lambda a, b: a == b or {a, b} == same)
    assert score.counts == Tally(1, 1, 1)
    assert compare_scenes(found, truth).counts == Tally(0, 2, 1)


def test_rates_without_a_denominator_are_undefined():
    assert (Tally().precision, Tally().recall, Tally().f1) == (None, None, None)
    nothing_found = Tally(0, 0, 4)
    assert (nothing_found.precision, nothing_found.recall, nothing_found.f1) == (None, 0.0, 0.0)
    assert compare_scenes(Scene(), Scene()) == SceneScore()


def test_f1_is_the_harmonic_mean():
    tally = Tally(3, 4, 6)
    assert tally.f1 == pytest.approx(2 / (1 / 0.75 + 1 / 0.5))


def test_scores_add_up_over_images():
    one = SceneScore(Tally(1, 2, 3), Tally(0, 1, 0), Tally(), Tally(1, 1, 1))
    two = SceneScore(Tally(2, 2, 2), Tally(1, 1, 4), Tally(0, 0, 1), Tally())
    assert sum([one, two], SceneScore()) == SceneScore(Tally(3, 4, 5), Tally(1, 2, 4), Tally(0, 0, 1), Tally(1, 1, 1))


def test_the_table_has_a_row_for_each_rule_and_kind():
    table = scores_to_table({"no rule": SceneScore(Tally(1, 4, 2)), "all": SceneScore()})
    assert [(row["rule"], row["kind"]) for row in table] == [
        (rule, kind) for rule in ("no rule", "all") for kind in KINDS
    ]
    assert table[0] == {
        "rule": "no rule",
        "kind": "elements",
        "right": 1,
        "stated": 4,
        "true": 2,
        "precision": 0.25,
        "recall": 0.5,
        "f1": 1 / 3,
    }


@pytest.mark.parametrize("iou", [0, -0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_overlap_is_refused(iou):
    with pytest.raises(SettingsError, match="iou must be above 0 and at most 1; got"):
        compare_scenes(Scene(), Scene(), iou=iou)


BOXES = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(
    lambda c: (c[0] / 5, c[1] / 5, (c[0] + 2) / 5, (c[1] + 2) / 5)
)
ELEMENTS = st.builds(
    lambda name, box, attributes: Element(name, box, attributes=tuple(sorted(attributes))),
    st.sampled_from(["duck", "cup"]),
    BOXES,
    st.sets(st.sampled_from(["red", "small"])),
)
GROUPS = st.builds(Group, st.sampled_from(["duck", "bee"]), st.lists(BOXES, min_size=1, max_size=3).map(tuple))


@st.composite
def scenes(draw):
    elements = tuple(draw(st.lists(ELEMENTS, max_size=4)))
    groups = tuple(draw(st.lists(GROUPS, max_size=2)))
    things = len(elements) + len(groups)
    pairs = [(a, b) for a in range(things) for b in range(things) if a != b]
    related = draw(st.lists(st.sampled_from(pairs), max_size=3)) if pairs else []
    return Scene("", elements, groups, tuple(Relation(a, b, "Near.") for a, b in related))


@settings(max_examples=40)
@given(scenes(), scenes())
def test_turning_truth_and_finding_around_swaps_precision_and_recall(one, two):
    there, back = compare_scenes(one, two), compare_scenes(two, one)
    for kind in ("elements", "counts"):
        a, b = getattr(there, kind), getattr(back, kind)
        assert (a.stated, a.true) == (b.true, b.stated)
    assert there.counts.right == back.counts.right
    assert all(0 <= getattr(there, kind).right <= min(dataclasses.astuple(getattr(there, kind))[1:]) for kind in KINDS)


@settings(max_examples=40)
@given(scenes())
def test_a_scene_is_perfect_against_itself(scene):
    score = compare_scenes(scene, scene)
    assert score.elements.precision in (1.0, None)
    assert score.counts.precision in (1.0, None)
    assert score.attributes.right == score.attributes.stated == score.attributes.true


@settings(max_examples=40)
@given(scenes(), scenes(), st.randoms(use_true_random=False))
def test_the_order_of_elements_does_not_matter(found, truth, random):
    plain = dataclasses.replace(found, relations=())
    shuffled = list(plain.elements)
    random.shuffle(shuffled)
    score = compare_scenes(plain, truth)
    assert compare_scenes(dataclasses.replace(plain, elements=tuple(shuffled)), truth) == score
