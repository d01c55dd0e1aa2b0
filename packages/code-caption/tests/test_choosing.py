import dataclasses

import pytest
from code_caption import (
    Answer,
    CodeCaptionError,
    Evidence,
    Rules,
    Said,
    Sighting,
    Unit,
    element_contest,
    image_contest,
    pair_contest,
    standing,
    verdict,
)

from .conftest import BOX, SIZE_WH

YES, NO = Answer(0.9), Answer(0.1)
CUP, BEE = Unit("cup", (0,), BOX), Unit("bee", (1,), BOX)
SIGHTINGS = (Sighting(0, "cup", BOX), Sighting(1, "bee", BOX))
STRICT, LENIENT = Rules(), Rules(strict=False)
UNRANKED = Rules(reranking=False)


def said(*texts, claims=None, **more):
    """Evidence of captions of the cup whose claims stand between commas."""
    captions = tuple(one if isinstance(one, Said) else Said(one) for one in texts)
    phrases = {one.text: tuple(one.text.split(", ")[1:]) for one in captions}
    answers = {("0", phrase): answer for phrase, answer in (claims or {}).items()}
    return Evidence(SIZE_WH, SIGHTINGS, region_captions={0: captions}, phrases=phrases, claims=answers, **more)


def outcome(evidence, rules=STRICT):
    candidate, reason = verdict(element_contest(evidence, CUP, rules), rules)
    return reason if candidate is None else candidate.text


def test_a_caption_with_a_rejected_phrase_is_refused_where_rules_are_strict():
    evidence = said("A cup, red cup, rim, hat", claims={"red cup": YES, "rim": YES, "hat": NO})
    assert outcome(evidence) == "rejected_phrase"
    assert outcome(evidence, LENIENT) == "A cup, red cup, rim, hat"


def test_as_many_rejected_as_confirmed_is_refused_by_every_rule():
    evidence = said("A cup, red cup, hat", claims={"red cup": YES, "hat": NO})
    assert outcome(evidence, LENIENT) == "mostly_rejected"


def test_a_caption_without_claims_is_kept():
    assert outcome(said("A cup.")) == "A cup."
    assert outcome(said("A cup."), LENIENT) == "A cup."


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ((), "no_caption"),
        (("", " \n"), "no_caption"),
        (("A mug.", "A glass."), "name_missing"),
        ((Said("A red cup on", is_whole=False),), "truncated"),
        ((Said("A red cup on", is_whole=False), "A mug."), "name_missing"),
    ],
)
def test_without_a_caption_that_may_win_the_reason_is_told(texts, reason):
    assert outcome(said(*texts)) == reason


def test_a_truncated_caption_cannot_win_however_well_it_is_confirmed():
    evidence = said(Said("A cup, red cup", 0.0, is_whole=False), Said("A cup.", -9.0), claims={"red cup": YES})
    assert outcome(evidence) == outcome(evidence, UNRANKED) == "A cup."


def test_without_reranking_the_likeliest_wins_whatever_it_names_or_claims():
    evidence = said(Said("A cup, red cup", -2.0), Said("A mug, hat", -1.0), claims={"hat": NO, "red cup": YES})
    assert outcome(evidence, UNRANKED) == "A mug, hat"
    assert outcome(evidence) == "A cup, red cup"


def test_a_caption_that_was_asked_in_vain_is_unanswered():
    assert outcome(said(errors={"region/0": "lost: no reply"})) == "unanswered"


def test_a_claim_without_a_reply_counts_as_no_and_lets_the_others_be_asked():
    evidence = said("A cup, red cup, rim", "A cup, handle", errors={"claims/0/rim": "lost: no reply"})
    contest = element_contest(evidence, CUP, STRICT)
    # One confirmed less one unanswered at best, against one confirmed.
    assert standing(contest, STRICT).to_ask == ("handle",)
    evidence.claims["0", "handle"] = YES
    assert outcome(evidence) == "A cup, handle"


def test_a_winner_with_an_unanswered_claim_is_refused_as_such():
    evidence = said("A cup, red cup, rim", claims={"red cup": YES}, errors={"claims/0/rim": "lost: no reply"})
    assert outcome(evidence) == "unanswered"
    evidence.claims["0", "red cup"] = NO
    assert outcome(evidence) == "rejected_phrase"


def test_what_the_existence_rule_asked_counts_as_a_claim_under_that_rule_only():
    evidence = said("A cup, cup", exists={0: YES})
    assert standing(element_contest(evidence, CUP, STRICT), STRICT).to_ask == ()
    alone = Rules(existence=False)
    assert standing(element_contest(evidence, CUP, alone), alone).to_ask == ("cup",)


def test_what_exists_is_known_by_its_name_in_any_case_but_not_by_its_plural():
    big = Unit("Fire_Truck", (0,), BOX)
    evidence = Evidence(SIZE_WH, SIGHTINGS, (Said("text"),), exists={0: YES})
    evidence.phrases = {"text": ("fire truck", "fire trucks", "truck")}
    contest = image_contest(evidence, [big], STRICT)
    assert contest.answers == {"Fire_Truck": YES, "fire truck": YES}
    assert standing(contest, STRICT).to_ask == ("fire trucks", "truck")


def test_a_group_takes_part_with_its_likeliest_member():
    evidence = Evidence(SIZE_WH, exists={2: NO, 3: YES})
    contest = image_contest(evidence, [Unit("hat", (2, 3, 4), BOX)], STRICT)
    assert contest.answers == {"hat": YES}


def pair_said(*texts):
    evidence = Evidence(SIZE_WH, SIGHTINGS, pair_captions={("0", "1"): tuple(map(Said, texts))})
    evidence.phrases = {text: (text,) for text in texts}
    return evidence


def test_a_pair_must_be_named_in_full():
    evidence = pair_said("A cup by a bee.", "A cup.")
    assert [one.text for one in pair_contest(evidence, CUP, BEE, STRICT).candidates] == ["A cup by a bee."]
    assert pair_contest(pair_said("A cup.", "A bee."), CUP, BEE, STRICT).refused == "name_missing"


def test_two_of_one_name_must_both_be_named():
    one, other, pack = Unit("dog", (0,), BOX), Unit("Dog", (1,), BOX), Unit("dog", (1, 2, 3), BOX)
    texts = ("A dog by a rug.", "Two dogs play.", "A dog beside a black dog.")
    evidence = pair_said(*texts)
    assert [each.text for each in pair_contest(evidence, one, other, STRICT).candidates] == list(texts[1:])
    evidence.pair_captions = {("0", "1+2+3"): (Said(texts[0]),)}
    assert pair_contest(evidence, one, pack, STRICT).refused == "name_missing"


def test_a_checked_caption_of_the_image_must_claim_something():
    evidence = Evidence(SIZE_WH, SIGHTINGS, (Said("It is a lovely moment.", -0.1), Said("cup, hat, bee, elk", -2.0)))
    evidence.phrases = {"It is a lovely moment.": (), "cup, hat, bee, elk": ("cup", "hat", "bee", "elk")}
    evidence.claims = {("", phrase): YES for phrase in ("cup", "hat", "bee")} | {("", "elk"): NO}

    def chosen(rules):
        candidate, reason = verdict(image_contest(evidence, [CUP], rules), rules)
        return reason if candidate is None else candidate.text

    assert chosen(STRICT) == "rejected_phrase"
    assert chosen(LENIENT) == "cup, hat, bee, elk"
    evidence.captions = evidence.captions[:1]
    assert chosen(STRICT) == chosen(LENIENT) == "no_claim"
    assert chosen(UNRANKED) == chosen(Rules(check_captions=False)) == "It is a lovely moment."


def test_claims_about_a_pair_are_those_about_the_image_or_those_of_its_cut():
    evidence = pair_said("A cup by a bee.")
    evidence.claims = {("", "A cup by a bee."): YES, ("0|1", "A cup by a bee."): NO}
    whole, cut = (pair_contest(evidence, CUP, BEE, Rules(pair_claims=where)) for where in ("whole", "crop"))
    assert (whole.view, cut.view) == ("", "0|1")
    assert (whole.answers["A cup by a bee."], cut.answers["A cup by a bee."]) == (YES, NO)


def test_the_image_keeps_its_likeliest_caption_where_captions_are_not_checked():
    evidence = Evidence(SIZE_WH, SIGHTINGS, (Said("A hat.", -1.0), Said("A cup.", -2.0)), claims={("", "hat"): NO})
    evidence.claims["", "cup"] = YES
    evidence.phrases = {"A hat.": ("hat",), "A cup.": ("cup",)}
    unchecked = Rules(check_captions=False)
    for rules, text in ((STRICT, "A cup."), (unchecked, "A hat.")):
        contest = image_contest(evidence, [CUP], rules)
        assert standing(contest, rules).to_ask == ()
        candidate, _ = verdict(contest, rules)
        assert candidate is not None
        assert candidate.text == text


def test_captions_whose_claims_nobody_looked_for_are_not_taken_for_true():
    evidence = dataclasses.replace(said("A cup, red cup"), phrases={})
    with pytest.raises(CodeCaptionError, match=r"evidence.phrases must say .*; it lacks 'A cup, red cup'. Fill it in"):
        element_contest(evidence, CUP, STRICT)
    assert outcome(evidence, UNRANKED) == "A cup, red cup"
