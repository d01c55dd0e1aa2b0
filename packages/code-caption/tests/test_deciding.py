from code_caption import UNFILTERED, Answer, Evidence, Relation, Rules, Said, Sighting, decide

from .conftest import BOX, SIZE_WH, note_phrases

YES, NO = Answer(0.9), Answer(0.1)
CUP = Sighting(0, "cup", BOX)
BEE = Sighting(1, "bee", (50.0, 10.0, 90.0, 50.0))


def evidence_of(*sightings, **more):
    evidence = Evidence(SIZE_WH, sightings, **more)
    for one in sightings:
        evidence.exists.setdefault(one.key, YES)
    note_phrases(evidence)
    return evidence


def reasons(decision):
    return [(drop.rule, drop.reason, drop.what) for drop in decision.drops]


def test_a_scene_holds_what_was_confirmed_of_each_thing():
    evidence = evidence_of(
        CUP,
        BEE,
        captions=(Said("a cup, a bee"),),
        region_captions={0: (Said("cup, small red cup, red cup"),), 1: (Said("bee, hat"),)},
        readings={0: ("OPEN", "OPEN"), 1: ("",)},
        pair_captions={("0", "1"): (Said("a bee, a cup"),)},
        claims={("0", "small red cup"): YES, ("0", "red cup"): YES, ("1", "hat"): NO},
    )
    decision = decide(evidence, Rules())
    cup, bee = decision.scene.elements
    assert (cup.name, cup.box, cup.text) == ("cup", (0.1, 0.1, 0.5, 0.5), "OPEN")
    assert (cup.caption, cup.attributes) == ("cup, small red cup, red cup", ("small", "red"))
    assert (bee.name, bee.caption, bee.attributes, bee.text) == ("bee", "", (), "")
    assert decision.scene.caption == "a cup, a bee"
    assert decision.scene.relations == (Relation(0, 1, "a bee, a cup"),)
    assert reasons(decision) == [("captions", "rejected_phrase", "bee")]


def test_only_confirmed_phrases_give_attributes_where_a_caption_may_have_others():
    evidence = evidence_of(
        CUP,
        region_captions={0: (Said("cup, red cup, old cup, rim"),)},
        claims={("0", "red cup"): YES, ("0", "old cup"): NO, ("0", "rim"): YES},
    )
    (cup,) = decide(evidence, Rules(strict=False)).scene.elements
    assert (cup.caption, cup.attributes) == ("cup, red cup, old cup, rim", ("red",))
    (cup,) = decide(evidence, UNFILTERED).scene.elements
    assert cup.attributes == ("red", "old")


def test_pairs_are_strict_whatever_the_captions_are():
    evidence = evidence_of(
        CUP,
        BEE,
        pair_captions={("0", "1"): (Said("a cup, a bee, hat"),)},
        claims={("", "hat"): NO},
    )
    decision = decide(evidence, Rules(strict=False))
    assert decision.scene.relations == ()
    assert ("relations", "rejected_phrase", "cup, bee") in reasons(decision)


def test_relations_find_their_things_behind_elements_and_groups():
    cups = tuple(Sighting(key, "cup", (10 * key, 0, 10 * key + 40, 30)) for key in range(3))
    plate = Sighting(7, "plate", (0, 20, 60, 90))
    evidence = evidence_of(
        *cups, plate, counts={("cup", 3): YES}, pair_captions={("0+1+2", "7"): (Said("cups, plate"),)}
    )
    evidence.claims = {("", "cups"): YES}
    decision = decide(evidence, Rules())
    assert [unit.label for unit in decision.units] == ["7", "0+1+2"]
    assert decision.scene.relations == (Relation(1, 0, "cups, plate"),)
    assert decision.scene.counts == {"cup": 3, "plate": 1}


def test_a_group_that_counting_shrinks_below_three_dissolves():
    cups = tuple(Sighting(key, "cup", (10 * key, 0, 10 * key + 9, 30), 0.5 + key / 10) for key in range(3))
    evidence = evidence_of(*cups, counts={("cup", 3): NO, ("cup", 2): YES})
    scene = decide(evidence, Rules()).scene
    assert (len(scene.elements), scene.groups) == (2, ())
    assert [element.box[0] for element in scene.elements] == [0.1, 0.2]


def test_an_image_with_too_little_left_is_dropped_with_the_reason():
    decision = decide(evidence_of(CUP, exists={0: NO}), Rules())
    assert decision.is_dropped
    assert decision.scene.elements == decision.units == ()
    assert reasons(decision) == [("existence", "said_no", "cup"), ("image", "too_few_elements", "")]
    assert decision.drops[-1].detail == "0 left, 1 needed"
    assert not decide(evidence_of(CUP), Rules()).is_dropped
    assert decide(evidence_of(CUP), Rules(least_elements=2)).is_dropped


def test_the_unfiltered_control_keeps_everything_as_it_was_generated():
    evidence = evidence_of(
        CUP,
        BEE,
        captions=(Said("a hat", -0.5), Said("a cup", -0.1)),
        exists={0: NO, 1: NO},
        control=("elk", 1.0),
        region_captions={0: (Said("mug, red mug", -0.2), Said("cup", -0.9)), 1: (Said("bee"),)},
        readings={0: ("OPEN",)},
        pair_captions={("0", "1"): (Said("an elk"),)},
        claims={("", "cup"): NO, ("0", "red mug"): NO},
    )
    decision = decide(evidence, UNFILTERED)
    assert decision.drops == ()
    assert decision.scene.caption == "a cup"
    assert [(one.caption, one.text) for one in decision.scene.elements] == [("mug, red mug", "OPEN"), ("bee", "")]
    assert decision.scene.relations == (Relation(0, 1, "an elk"),)


def test_a_lost_question_about_a_box_drops_it_with_the_error():
    evidence = Evidence(SIZE_WH, (CUP, BEE), exists={1: YES}, errors={"exists/0": "lost: no reply"})
    (first, *_) = decide(evidence, Rules()).drops
    assert (first.reason, first.what, first.detail) == ("unanswered", "cup", "lost: no reply")


def test_a_check_in_words_that_says_neither_drops_the_box_as_unknown():
    evidence = evidence_of(CUP, exists={0: Answer(0.0, is_known=False)})
    assert reasons(decide(evidence, Rules()))[0] == ("existence", "unknown", "cup")


def test_deciding_leaves_the_evidence_as_it_is():
    evidence, again = (evidence_of(CUP, BEE, region_captions={0: (Said("cup"),)}) for _ in range(2))
    assert decide(evidence, Rules()) == decide(evidence, Rules())
    assert evidence == again


def test_a_text_that_was_asked_for_in_vain_is_noted():
    evidence = evidence_of(CUP, BEE, readings={1: ("OPEN",)}, errors={"read/0/0": "lost: a", "read/1/1": "lost: b"})
    dropped = [drop for drop in decide(evidence, Rules()).drops if drop.rule == "reading"]
    assert [(drop.reason, drop.what, drop.keys, drop.detail) for drop in dropped] == [
        ("unanswered", "cup", (0,), "lost: a"),
        ("unanswered", "bee", (1,), "lost: b"),
    ]


def test_a_text_whose_second_reading_was_never_asked_for_was_read_once():
    (dropped,) = decide(evidence_of(CUP, readings={0: ("OPEN",)}), Rules(check_captions=False)).drops[:1]
    assert (dropped.rule, dropped.reason, dropped.detail) == ("reading", "read_once", "'OPEN' and ''")


def test_members_of_a_group_have_no_text_even_if_other_rules_had_them_read():
    cups = tuple(Sighting(key, "cup", (10 * key, 0, 10 * key + 40, 30)) for key in range(3))
    bus = Sighting(3, "bus", (0, 0, 90, 90))
    evidence = evidence_of(*cups, bus, counts={("cup", 3): YES}, readings={0: ("A", "B"), 1: ("X", "X"), 3: ("X", "X")})
    decision = decide(evidence, Rules())
    assert [element.text for element in decision.scene.elements] == ["X"]
    assert [drop for drop in decision.drops if drop.rule == "reading"] == []


def test_members_of_a_group_count_one_by_one_for_the_image():
    cups = tuple(Sighting(key, "cup", (10 * key, 0, 10 * key + 9, 30)) for key in range(3))
    evidence = evidence_of(*cups, counts={("cup", 3): YES})
    assert not decide(evidence, Rules(least_elements=3)).is_dropped
    assert decide(evidence, Rules(least_elements=4)).is_dropped


def test_the_control_counts_only_under_rules_that_have_one():
    evidence = evidence_of(CUP, exists={0: Answer(0.6)}, control=("elk", 0.7))
    assert reasons(decide(evidence, Rules()))[0] == ("existence", "below_control", "cup")
    assert [one.name for one in decide(evidence, Rules(control=False)).scene.elements] == ["cup"]
