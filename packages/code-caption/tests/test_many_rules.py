"""Whole interviews of random worlds with a model that may lose any question."""

import dataclasses

import pytest
from code_caption import UNFILTERED, Evidence, Interview, Rules, Sighting, decide
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import SIZE_WH, WORDING, ScriptedModel, hold_interview, random_script, worlds

NONE = dataclasses.replace(UNFILTERED, least_elements=1)
RULES = st.sampled_from(
    [
        Rules(),
        UNFILTERED,
        dataclasses.replace(NONE, existence=True, control=True),
        dataclasses.replace(NONE, counting="shrink"),
        dataclasses.replace(NONE, reranking=True),
        dataclasses.replace(NONE, reading=True),
        Rules(counting="drop", strict=False, control=False),
        Rules(pair_claims="crop", claims_threshold=0.3, existence_threshold=0.3),
        Rules(check_captions=False, least_members=2, reading=False, claims_threshold=0.2),
    ]
)
SEVERAL = st.lists(RULES, min_size=2, max_size=4, unique=True).map(tuple)
FORMS = st.sampled_from(["at_least", "how_many"])
SEEDS = st.integers(0, 10**6)


def interviewed(world, rules, seed, form="at_least"):
    model = ScriptedModel(random_script(seed))
    interview = Interview(rules=tuple(rules), wording=WORDING, count_form=form, least_read_px=20)
    evidence = hold_interview(Evidence(SIZE_WH, *world), interview, model, control="elk")
    return evidence, model


@settings(max_examples=60, deadline=None)
@given(worlds(), SEVERAL, SEEDS, FORMS)
def test_an_interview_for_several_rules_decides_under_each_as_one_for_it_alone(world, several, seed, form):
    evidence, model = interviewed(world, several, seed, form)
    asked, alone_asked = model.asks, set()
    for rules in several:
        alone, alone_model = interviewed(world, (rules,), seed, form)
        assert decide(evidence, rules) == decide(alone, rules)
        alone_asked |= set(alone_model.keys)
    # Claims depend on what is known already, so that their union may be smaller.
    before = {ask.key for ask in asked if ask.about[0] != "claims"}
    assert before == {key for key in alone_asked if not key.startswith("claims/")}
    assert len({ask.key for ask in asked}) == len(asked)


@settings(max_examples=40, deadline=None)
@given(worlds(), SEVERAL, SEEDS)
def test_no_phrase_is_asked_twice_of_one_view(world, several, seed):
    _, model = interviewed(world, several, seed)
    whole = [ask.text for ask in model.asks if ask.about[:2] == ("claims", "")]
    assert len(set(whole)) == len(whole)


@settings(max_examples=40, deadline=None)
@given(worlds(), RULES, SEEDS)
def test_every_caption_is_decided_once_nothing_is_wanted(world, rules, seed):
    evidence, _ = interviewed(world, (rules,), seed)
    lost = bool(evidence.errors)
    assert lost or all(drop.reason != "unanswered" for drop in decide(evidence, rules).drops)


@settings(max_examples=40, deadline=None)
@given(worlds(), RULES, SEEDS)
def test_the_order_of_sightings_does_not_matter(world, rules, seed):
    sightings, captions = world
    there, _ = interviewed(world, (rules,), seed)
    back, _ = interviewed((sightings[::-1], captions), (rules,), seed)
    assert decide(back, rules).scene == decide(there, rules).scene
    assert set(decide(back, rules).drops) == set(decide(there, rules).drops)


KITE = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(
    lambda c: (10 * c[0], 10 * c[1], 10 * c[0] + 40, 10 * c[1] + 40)
)


def by_keys(decision):
    """Everything that is said of each sighting, group and pair, by their keys."""
    scene, units = decision.scene, decision.units
    things = dict(zip((unit.keys for unit in units), (*scene.elements, *scene.groups), strict=True))
    pairs = {(units[one.a].keys, units[one.b].keys): one.caption for one in scene.relations}
    return things | pairs


@settings(max_examples=60, deadline=None)
@given(worlds(), KITE, st.integers(1, 99), RULES, SEEDS)
def test_one_more_sighting_changes_nothing_for_the_others(world, box, more, rules, seed):
    sightings, captions = world
    # What is nested in it belongs to it: that is the one thing that it may take away.
    rules = dataclasses.replace(rules, reading=False, least_elements=0)
    kite = Sighting(len(sightings) + more, "kite", box)
    before, _ = interviewed(world, (rules,), seed)
    after, _ = interviewed(((*sightings, kite), captions), (rules,), seed)
    said, said_after = by_keys(decide(before, rules)), by_keys(decide(after, rules))
    of_kite = {about for about in said_after if str(kite.key) in str(about)}
    assert {about: said_after[about] for about in said_after if about not in of_kite} == said
    assert {key: answer for key, answer in after.exists.items() if key != kite.key} == before.exists
    assert before.region_captions.items() <= after.region_captions.items()
    assert before.pair_captions.items() <= after.pair_captions.items()


@pytest.mark.parametrize("where", ["whole", "crop"])
def test_sharing_claims_of_pairs_saves_questions(where):
    world = (
        tuple(
            Sighting(key, name, (x, 0, x + 40, 60))
            for key, (name, x) in enumerate(zip(("duck", "cup", "bee"), (0, 30, 60), strict=True))
        ),
        (),
    )
    table = {f"exists/{key}": True for key in range(3)}
    table |= {
        f"pair/{a}/{b}": f"{one}, {two}, old hat"
        for a, b, one, two in ((0, 1, "duck", "cup"), (0, 2, "duck", "bee"), (1, 2, "cup", "bee"))
    }
    model = ScriptedModel(table)
    hold_interview(Evidence(SIZE_WH, *world), Interview(rules=(Rules(pair_claims=where),), wording=WORDING), model)
    claims = [key for key in model.keys if key.startswith("claims")]
    assert claims == (
        ["claims//old hat"] if where == "whole" else ["claims/0|1/old hat", "claims/0|2/old hat", "claims/1|2/old hat"]
    )
