import pytest
from code_caption import Sighting, find_pairs, to_units
from code_caption.checks.geometry import covered_share, do_meet, scaled
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import worlds


def in_a_row(name, *lefts, side=10):
    return [Sighting(key, name, (left, 0, left + side, side)) for key, left in enumerate(lefts)]


def unit_of(key, name, *box):
    return to_units([Sighting(key, name, box)])[0]


def test_scaling_keeps_the_centre():
    assert scaled((0, 0, 10, 20), 2.5) == (-7.5, -15.0, 17.5, 35.0)
    assert scaled((3, 4, 10, 20), 1.0) == (3, 4, 10, 20)


def test_boxes_that_share_an_edge_only_do_not_meet():
    assert not do_meet((0, 0, 10, 10), (10, 0, 20, 10))
    assert do_meet((0, 0, 10, 10), (9.9, 9.9, 20, 20))


def test_boxes_of_one_name_link_up_to_one_and_a_half_times_their_side_apart():
    # Scaled by 2.5, a box of side 10 reaches 7.5 further on every side: two meet below a gap of 15.
    assert [unit.keys for unit in to_units(in_a_row("cup", 0, 24, 48))] == [(0, 1, 2)]
    assert [unit.keys for unit in to_units(in_a_row("cup", 0, 25, 50))] == [(0,), (1,), (2,)]


def test_a_group_has_the_box_around_its_members_whatever_the_size_of_the_image():
    # The published code begins its minimum at 10,000 pixels.
    (unit,) = to_units(in_a_row("cup", 20_000, 20_010, 20_020))
    assert unit.box_xyxy_px == (20_000, 0, 20_030, 10)


def test_other_names_in_between_do_not_link():
    row = in_a_row("cup", 0, 40)
    assert len(to_units([*row, Sighting(2, "mug", (20, 0, 30, 10))])) == 3


def test_fewer_than_the_least_stay_alone_and_the_least_can_be_chosen():
    row = in_a_row("cup", 0, 20)
    assert [unit.keys for unit in to_units(row)] == [(0,), (1,)]
    assert [unit.keys for unit in to_units(row, least_members=2)] == [(0, 1)]
    assert [unit.keys for unit in to_units(row, least_members=2, link_scale=1.5)] == [(0,), (1,)]


@settings(max_examples=50)
@given(worlds(), st.randoms(use_true_random=False))
def test_units_hold_every_sighting_once_and_do_not_depend_on_the_order(world, random):
    sightings = list(world[0])
    units = to_units(sightings)
    assert sorted(key for unit in units for key in unit.keys) == [one.key for one in sightings]
    assert all(len(unit.keys) == 1 or len(unit.keys) >= 3 for unit in units)
    random.shuffle(sightings)
    assert to_units(sightings) == units


def test_each_of_a_pair_covers_more_than_the_least_share_of_the_image():
    # 20 x 25 of 100 x 100 is exactly 5 %.
    large = unit_of(0, "cup", 0, 0, 30, 30)
    assert find_pairs([large, unit_of(1, "bee", 30, 0, 50, 25)], (100, 100)) == []
    assert len(find_pairs([large, unit_of(1, "bee", 30, 0, 50, 26)], (100, 100))) == 1


def test_what_lies_outside_of_the_image_covers_nothing_of_it():
    sticking_out = unit_of(1, "bee", 90, 0, 150, 30)
    assert find_pairs([unit_of(0, "cup", 60, 0, 90, 30), sticking_out], (100, 100)) == []


@pytest.mark.parametrize(("gap", "pairs"), [(19, 1), (21, 0)])
def test_a_pair_meets_once_both_grow_by_a_third_on_every_side(gap, pairs):
    # Of side 30, each grows by 10.
    units = [unit_of(0, "cup", 0, 0, 30, 30), unit_of(1, "bee", 30 + gap, 0, 60 + gap, 30)]
    assert len(find_pairs(units, (100, 100))) == pairs


def test_a_group_pairs_as_one():
    cups = in_a_row("cup", 0, 30, 60, side=25)
    plate = Sighting(3, "plate", (0, 30, 90, 60))
    pairs = find_pairs(to_units([*cups, plate]), (100, 100))
    assert [(a.keys, b.keys) for a, b in pairs] == [((0, 1, 2), (3,))]


def test_the_closest_pairs_stay_and_keep_their_order():
    units = [
        unit_of(key, name, left, 0, left + 30, 30) for key, (name, left) in enumerate([("a", 0), ("b", 45), ("c", 65)])
    ]
    assert [(a.name, b.name) for a, b in find_pairs(units, (100, 100))] == [("a", "b"), ("b", "c")]
    assert [(a.name, b.name) for a, b in find_pairs(units, (100, 100), most=1)] == [("b", "c")]
    assert find_pairs(units, (100, 100), most=0) == []


def test_shares():
    assert covered_share((0, 0, 10, 10), (5, 0, 20, 20)) == 0.5
    assert covered_share((0, 0, 10, 10), (20, 20, 30, 30)) == 0.0
