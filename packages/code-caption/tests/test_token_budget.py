import math

import pytest
from code_caption.code.canonical_form import canonical
from code_caption.code.rendering import scene_to_code
from code_caption.code.token_budget import fit_scene
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene
from hypothesis import given, settings
from hypothesis import strategies as st


def count_words(code):
    return len(code.split())


def square(name, side, **fields):
    return Element(name, (0.0, 0.0, side, side), **fields)


PAIR = Group("chair", ((0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.6, 0.6)))
SCENE = Scene(
    "A pond.",
    (square("bee", 0.1), square("duck", 0.5), square("pond", 0.9)),
    (PAIR,),
    (Relation(1, 2, "A duck swims."), Relation(0, 3, "A bee sits on a chair."), Relation(3, 2, "Chairs stand by.")),
)
WHOLE = canonical(SCENE)


def test_a_scene_that_fits_is_left_whole():
    calls = []
    fitted = fit_scene(SCENE, 1000, lambda code: calls.append(code) or count_words(code))
    assert (fitted.scene, fitted.code, fitted.dropped) == (WHOLE, scene_to_code(SCENE), ())
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("kept", "dropped"),
    [
        (3, ["bee"]),
        (2, ["duck", "bee"]),  # the pair is small, but its outer box is 0.6 wide
        (1, ["chair", "duck", "bee"]),
        (0, ["pond", "chair", "duck", "bee"]),
    ],
)
def test_the_smallest_go_first_and_a_group_counts_as_its_outer_box(kept, dropped):
    keep = ["pond", "chair", "duck", "bee"][:kept]
    part = Scene("A pond.", tuple(each for each in WHOLE.elements if each.name in keep), (PAIR,) * ("chair" in keep))
    relations = {
        3: (Relation(1, 0, "A duck swims."), Relation(2, 0, "Chairs stand by.")),
        2: (Relation(1, 0, "Chairs stand by."),),
    }
    expected = Scene(part.caption, part.elements, part.groups, relations.get(kept, ()))
    fitted = fit_scene(SCENE, count_words(scene_to_code(expected)), count_words)
    assert fitted.scene == expected
    assert fitted.code == scene_to_code(expected)
    assert [thing.name for thing in fitted.dropped] == dropped


def test_a_caption_that_does_not_fit_is_refused():
    with pytest.raises(CodeError, match="the caption alone must have at most 3 tokens") as caught:
        fit_scene(SCENE, 3, count_words)
    assert caught.value.reason == "budget"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 100), max_size=40), st.integers(8, 400))
def test_as_much_stays_as_fits_and_calls_are_few(sides, most):
    scene = Scene("x", tuple(square(f"n{side}", side / 100) for side in sides))
    calls = []
    fitted = fit_scene(scene, most, lambda code: calls.append(code) or count_words(code))
    ordered = sorted(scene.elements, key=lambda each: (-each.box[2], each.name))
    fits = [n for n in range(len(sides) + 1) if count_words(scene_to_code(Scene("x", tuple(ordered[:n])))) <= most]
    assert len(fitted.scene.elements) == max(fits)
    assert fitted.scene.elements + fitted.dropped == tuple(ordered)
    assert len(calls) <= math.ceil(math.log2(max(len(sides), 1))) + 2


def test_a_count_that_does_not_grow_with_the_code_still_gives_code_that_fits():
    scene = Scene("x", tuple(square("n", side / 100) for side in range(1, 40)))

    def count(code):
        return {39: 60, 19: 40, 20: 60, 29: 60}.get(code.count("Element"), 40)

    fitted = fit_scene(scene, 50, count)
    assert count(fitted.code) <= 50
    assert 19 <= len(fitted.scene.elements) < 39


def test_thousandths_and_digits_are_those_of_the_code():
    assert fit_scene(SCENE, 1000, count_words, scale=1000).code == scene_to_code(SCENE, scale=1000)
    assert fit_scene(SCENE, 1000, count_words, digits=1).code == scene_to_code(SCENE, digits=1)
