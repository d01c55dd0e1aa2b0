from code_caption import (
    UNFILTERED,
    WHOLE,
    Answer,
    Evidence,
    Framing,
    Interview,
    QuestionWording,
    Reply,
    Rules,
    Said,
    Sighting,
    confirming_asks,
    describing_asks,
    validating_asks,
)

from .conftest import BOX, SIZE_WH, WORDING, ScriptedModel, hold_interview, note_phrases

YES, NO = Answer(1.0), Answer(0.0)
CUP = Sighting(0, "cup", BOX)
BEE = Sighting(1, "bee", (50.0, 10.0, 90.0, 50.0))
INTERVIEW = Interview(wording=WORDING)


def keys(asks):
    return [ask.key for ask in asks]


def describing(evidence, interview=INTERVIEW):
    return describing_asks(evidence, interview, lambda box, size_wh: f"{box[0]:.0f}/{size_wh[0]}")


def test_every_box_is_checked_with_one_control_before_anything_is_counted():
    evidence = Evidence(SIZE_WH, (CUP, BEE, Sighting(2, "cup", BOX)))
    asks = confirming_asks(evidence, Interview(), control="elk")
    assert keys(asks) == ["exists/0", "exists/1", "exists/2", "control/elk"]
    assert asks[0].text == "Look closely. Can you see a cup in this picture? Answer yes or no."
    assert asks[3].text == "Look closely. Can you see an elk in this picture? Answer yes or no."
    # The control is seen where the first box is, so that the picture is encoded once.
    assert asks[3].view == asks[0].view == Framing(scale=1.3, least_side_px=200).view(BOX)
    evidence.exists, evidence.control = {0: YES, 1: YES, 2: YES}, ("elk", 0.0)
    (count,) = confirming_asks(evidence, Interview(), control="elk")
    assert (count.key, count.view) == ("at_least/cup/2", WHOLE)
    assert count.text == "Are there at least 2 cups in this image? Answer yes or no."
    evidence.counts["cup", 2] = NO
    assert confirming_asks(evidence, Interview(), control="elk") == []


def test_what_does_not_exist_is_not_counted():
    cups = tuple(Sighting(key, "cup", BOX) for key in range(3))
    evidence = Evidence(SIZE_WH, cups, exists={0: YES, 1: NO, 2: YES})
    assert keys(confirming_asks(evidence, Interview())) == ["at_least/cup/2"]


def test_the_control_does_not_depend_on_the_order_of_sightings():
    there, back = (
        confirming_asks(Evidence(SIZE_WH, ones), Interview(), control="elk") for ones in ((CUP, BEE), (BEE, CUP))
    )
    assert there[2] == back[2]


def test_only_what_a_rule_needs_is_confirmed():
    cups = tuple(Sighting(key, "cup", BOX) for key in range(2))
    counting = Interview(rules=(Rules(existence=False),))
    assert keys(confirming_asks(Evidence(SIZE_WH, cups), counting, control="elk")) == ["at_least/cup/2"]
    assert confirming_asks(Evidence(SIZE_WH, cups), Interview(rules=(UNFILTERED,)), control="elk") == []
    assert confirming_asks(Evidence(SIZE_WH), Interview(), control="elk") == []


def test_a_count_without_a_reply_goes_on_to_the_next_lower_one():
    cups = tuple(Sighting(key, "cup", BOX) for key in range(3))
    evidence = Evidence(SIZE_WH, cups, exists=dict.fromkeys(range(3), YES), errors={"at_least/cup/3": "lost: no reply"})
    assert keys(confirming_asks(evidence, Interview())) == ["at_least/cup/2"]


def test_counting_in_words_asks_once_for_each_name():
    cups = tuple(Sighting(key, "cup", BOX) for key in range(3))
    evidence = Evidence(SIZE_WH, cups, exists=dict.fromkeys(range(3), YES))
    model = ScriptedModel({"how_many/cup": "2"})
    (ask,) = confirming_asks(evidence, Interview(count_form="how_many"))
    assert (ask.key, ask.text) == ("how_many/cup", "How many cups are there in this image? Answer with a number.")
    hold_interview(evidence, Interview(wording=WORDING, count_form="how_many"), model)
    assert model.keys.count("how_many/cup") == 1
    assert evidence.counts == {("cup", 2): YES, ("cup", 3): NO}


def test_elements_are_described_and_read_and_pairs_described():
    evidence = Evidence(SIZE_WH, (CUP, BEE), exists={0: YES, 1: YES})
    wording = QuestionWording(read="Read the {name} at {box}.", pair="{a}, {b} at {box}")
    asks = {ask.key: ask for ask in describing(evidence, Interview(wording=wording))}
    assert list(asks) == ["region/0", "read/0/0", "region/1", "read/1/0", "pair/0/1"]
    assert asks["read/1/0"].text == "Read the bee at 50/100."
    assert asks["read/1/0"].view == Framing().view(BEE.box_xyxy_px)
    assert asks["region/0"].view == Framing(scale=1.5).view(BOX)
    assert asks["pair/0/1"].text == "a cup, a bee at 10/100"
    assert asks["pair/0/1"].view == Framing(scale=1.1).view((10, 10, 90, 50))


def test_groups_are_not_described_alone_but_in_pairs_with_their_plural():
    cups = tuple(Sighting(key, "cup", (10 * key, 0, 10 * key + 40, 30)) for key in range(3))
    evidence = Evidence(SIZE_WH, (*cups, Sighting(3, "bee", (0, 20, 60, 90))))
    asks = describing(evidence, Interview(rules=(Rules(existence=False, counting="off"),), wording=WORDING))
    assert keys(asks) == ["region/3", "read/3/0", "pair/0+1+2/3"]
    assert asks[-1].text == "cups, a bee?"


def test_two_of_one_name_are_asked_about_apart():
    rules = Rules(existence=False, counting="off", link_scale=1)

    def three(name):
        return [Sighting(9 + key, name, (10 * key, 60, 10 * key + 40, 95)) for key in range(3)]

    def asked(*names, more=()):
        ones = [Sighting(key, name, (25.0 * key, 0, 25.0 * key + 30, 60)) for key, name in enumerate(names)]
        asks = describing(Evidence(SIZE_WH, (*ones, *more)), Interview((rules,), WORDING))
        return [ask.text for ask in asks if ask.about[0] == "pair"]

    assert asked("dog", "Dog") == ["one dog, another Dog?"]
    assert asked("jeans", "jeans") == ["some jeans, other jeans?"]
    assert asked("cup", more=three("cup")) == ["one cup, another group of cups?"]
    assert asked("jeans", more=three("jeans")) == ["some jeans, another group of jeans?"]
    assert asked("dog", "guide dog") == ["a dog, a guide dog?"]


def test_what_reads_as_text_is_read_again_from_further_away():
    evidence = Evidence(SIZE_WH, (CUP, BEE), exists={0: YES, 1: YES}, readings={0: ("OPEN",), 1: ("",)})
    (again,) = [ask for ask in describing(evidence) if ask.about[0] == "read"]
    assert (again.key, again.view) == ("read/0/1", Framing(scale=1.3).view(BOX))
    evidence.readings[0] = ("OPEN", "")
    assert "read" not in " ".join(keys(describing(evidence)))


def test_one_reading_is_enough_where_no_rule_compares_two():
    evidence = Evidence(SIZE_WH, (CUP,), exists={0: YES}, readings={0: ("OPEN",)})
    once = Interview(rules=(Rules(reading=False), UNFILTERED))
    assert [key for key in keys(describing(evidence, once)) if key.startswith("read")] == []


def test_small_things_and_other_names_are_not_read():
    evidence = Evidence(
        SIZE_WH, (CUP, Sighting(1, "cup", (0, 0, 31, 60))), exists={0: YES, 1: YES}, counts={("cup", 2): YES}
    )
    assert [key for key in keys(describing(evidence)) if key.startswith("read")] == ["read/0/0"]
    signs = Interview(read_names=frozenset({"sign"}))
    assert [key for key in keys(describing(evidence, signs)) if key.startswith("read")] == []


def test_a_question_without_a_reply_is_not_asked_again():
    model = ScriptedModel(lambda _image, _ask: Reply(error="lost: no reply", sequences=0))
    evidence = hold_interview(Evidence(SIZE_WH, (CUP, BEE)), INTERVIEW, model, control="elk")
    assert sorted(model.keys) == ["control/elk", "exists/0", "exists/1"]
    assert dict.fromkeys(model.keys, "lost: no reply") == evidence.errors
    described = Interview(wording=WORDING, rules=(UNFILTERED,))
    hold_interview(evidence, described, model)
    assert sorted(model.keys[3:]) == ["pair/0/1", "read/0/0", "read/1/0", "region/0", "region/1"]


def claims_evidence():
    three = (CUP, BEE, Sighting(2, "hat", (10.0, 50.0, 50.0, 90.0)))
    evidence = Evidence(SIZE_WH, three, (Said("a cup, old table"),), exists=dict.fromkeys(range(3), YES))
    evidence.region_captions = {0: (Said("cup, old table"),), 1: (Said("bee"),), 2: (Said("hat"),)}
    evidence.pair_captions = {
        ("0", "1"): (Said("a cup, a bee, old table"),),
        ("0", "2"): (Said("a cup, a hat, old table"),),
        ("1", "2"): (Said("a bee, a hat"),),
    }
    note_phrases(evidence)
    return evidence


def test_a_phrase_of_two_pairs_and_of_the_image_is_asked_once_of_the_whole_image():
    asks = validating_asks(claims_evidence(), INTERVIEW)
    assert [(ask.key, ask.view) for ask in asks] == [
        ("claims/0/old table", INTERVIEW.exists_view.view(BOX)),
        ("claims//old table", WHOLE),
    ]


def test_phrases_of_pairs_are_asked_of_their_cut_where_the_rules_say_so():
    asks = validating_asks(claims_evidence(), Interview(rules=(Rules(pair_claims="crop"),)))
    assert keys(asks) == ["claims/0/old table", "claims/0|1/old table", "claims/0|2/old table", "claims//old table"]
    assert asks[1].view == Framing(scale=1.1).view((10, 10, 90, 50))


def test_both_ways_of_checking_pairs_stay_apart():
    asks = validating_asks(claims_evidence(), Interview(rules=(Rules(), Rules(pair_claims="crop"))))
    assert keys(asks) == ["claims/0/old table", "claims//old table", "claims/0|1/old table", "claims/0|2/old table"]


def test_captions_of_the_image_are_asked_about_only_if_rules_check_them():
    evidence = claims_evidence()
    evidence.pair_captions = {}
    interview = Interview(rules=(Rules(check_captions=False),))
    assert keys(validating_asks(evidence, interview)) == ["claims/0/old table"]
    assert validating_asks(evidence, Interview(rules=(UNFILTERED,))) == []


def test_claims_end_once_the_best_caption_is_known():
    evidence = Evidence(SIZE_WH, (CUP,), exists={0: YES})
    table = {
        "region/0": ("cup, red cup, rim", "cup, hat"),
        "claims/0/red cup": True,
        "claims/0/rim": True,
    }
    model = ScriptedModel(table)
    hold_interview(evidence, INTERVIEW, model)
    assert [key for key in model.keys if key.startswith("claims")] == ["claims/0/red cup", "claims/0/rim"]


def test_phrases_that_would_share_a_key_are_asked_apart():
    evidence = Evidence(SIZE_WH, (CUP,), exists={0: YES}, region_captions={0: (Said('cup, a/b, a%2Fb, "x" {0}\n'),)})
    note_phrases(evidence)
    asks = validating_asks(evidence, INTERVIEW)
    assert len({ask.key for ask in asks}) == len(asks) == 3
    assert 'Is "a/b" a true' in asks[0].text
    assert 'Is ""x" {0}\n" a true' in asks[2].text


def test_nothing_is_counted_while_a_box_is_open():
    cups = tuple(Sighting(key, "cup", BOX) for key in range(3))
    evidence = Evidence(SIZE_WH, cups, exists={0: YES, 1: YES})
    assert keys(confirming_asks(evidence, Interview())) == ["exists/2"]
