import pytest
from code_caption.code.canonical_form import canonical
from code_caption.code.rendering import scene_to_code
from code_caption.code.salvaging import salvage_code
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene

DECK = Element("deck", (0.0, 0.5, 1.0, 1.0), "Grey plates, riveted.")
BUOY = Element("lifebuoy", (0.62, 0.2, 0.78, 0.41), text="MV (TERN), [7]")
BEE = Element("bee", (0.1, 0.1, 0.2, 0.2))
CHAIRS = Group("chair", ((0.05, 0.5, 0.17, 0.8), (0.18, 0.51, 0.3, 0.82)))
HANGS, STAND = Relation(1, 0, "A lifebuoy hangs above."), Relation(3, 0, "Chairs stand on the deck.")
SCENE = Scene("A ferry deck.", (DECK, BUOY, BEE), (CHAIRS,), (HANGS, STAND))
CODE = scene_to_code(SCENE)


def test_a_whole_scene_loses_nothing():
    salvage = salvage_code(CODE)
    assert (salvage.scene, salvage.is_whole, salvage.lost, salvage.reason) == (SCENE, True, {}, "")


@pytest.mark.parametrize(
    ("cut_before", "kept", "lost"),
    [
        ("Element(name='deck'", Scene("A ferry deck."), {}),
        ("riveted", Scene("A ferry deck."), {"truncated": 1}),
        ("Element(name='lifebuoy'", Scene("A ferry deck.", (DECK,)), {}),
        ("(TERN)", Scene("A ferry deck.", (DECK,)), {"truncated": 1}),
        (",\n            Element(name='bee'", Scene("A ferry deck.", (DECK, BUOY)), {}),
        ("0.51, 0.3", Scene("A ferry deck.", (DECK, BUOY, BEE)), {"truncated": 1}),
        ("hangs", Scene("A ferry deck.", (DECK, BUOY, BEE), (CHAIRS,)), {"truncated": 1}),
        ("Relation(a=3", Scene("A ferry deck.", (DECK, BUOY, BEE), (CHAIRS,), (HANGS,)), {}),
        ("stand on", Scene("A ferry deck.", (DECK, BUOY, BEE), (CHAIRS,), (HANGS,)), {"truncated": 1}),
    ],
)
def test_code_that_is_cut_off_keeps_what_is_complete(cut_before, kept, lost):
    salvage = salvage_code(CODE[: CODE.index(cut_before)])
    assert (salvage.scene, salvage.is_whole, salvage.lost, salvage.reason) == (kept, False, lost, "truncated")


def test_every_beginning_keeps_no_less_than_a_shorter_one():
    kept = 0
    for end in range(CODE.index("A ferry deck.'") + 14, len(CODE), 3):
        scene = salvage_code(CODE[:end]).scene
        things = len(scene.elements) + len(scene.groups) + len(scene.relations)
        assert things >= kept
        kept = things
    assert kept == 6


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0.62, 0.2, 0.78", "0.62, 0.2, 0.52", "box"),
        ("name='lifebuoy'", "nom='lifebuoy'", "unknown_field"),
        ("Element(name='lifebuoy'", "Elment(name='lifebuoy'", "unknown_call"),
        ("text='MV", "text=read()+'MV", "not_a_constant"),
        ("Element(name='lifebuoy', box=[0.62, 0.2, 0.78, 0.41], text='MV (TERN), [7]')", "'lifebuoy'", "wrong_type"),
    ],
)
def test_a_bad_element_goes_with_its_relations_and_the_others_are_counted_anew(old, new, reason):
    salvage = salvage_code(CODE.replace(old, new))
    assert salvage.scene == Scene(
        "A ferry deck.", (DECK, BEE), (CHAIRS,), (Relation(2, 0, "Chairs stand on the deck."),)
    )
    assert salvage.lost == {reason: 1, "relation": 1}
    assert salvage.reason == reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.78, 0.41]", "0.78, 0.41"),  # a bracket is missing
        ("name='lifebuoy'", "name='lifebuoy"),  # a quote is missing
        ("[7]'),", "[7]'"),  # the end of the call is missing
    ],
)
def test_after_an_item_without_a_clear_end_no_index_is_trusted(old, new):
    salvage = salvage_code(CODE.replace(old, new))
    assert salvage.scene == Scene("A ferry deck.", (DECK, BEE), (CHAIRS,))
    assert salvage.lost == {"relation": 2, "syntax": 1}


def test_a_bracket_too_many_costs_the_item_that_it_closes():
    salvage = salvage_code(CODE.replace("0.2, 0.2])", "0.2, 0.2]))"))
    assert salvage.scene == Scene("A ferry deck.", (DECK, BUOY), (CHAIRS,), (HANGS,))
    assert salvage.lost == {"relation": 1, "syntax": 1}


def test_items_after_a_list_that_was_closed_too_early_are_lost():
    salvage = salvage_code(CODE.replace("Grey plates, riveted.'),", "Grey plates, riveted.')],"))
    assert salvage.scene == Scene("A ferry deck.", (DECK,), (CHAIRS,))
    assert salvage.lost == {"relation": 2, "syntax": 2}


def test_a_bad_relation_goes_alone():
    salvage = salvage_code(CODE.replace("a=3", "a=4"))
    assert salvage.scene == Scene("A ferry deck.", SCENE.elements, SCENE.groups, (HANGS,))
    assert salvage.lost == {"relation": 1}


def test_a_bad_caption_goes_alone():
    salvage = salvage_code(CODE.replace("'A ferry deck.'", "caption"))
    assert salvage.scene == Scene("", SCENE.elements, SCENE.groups, SCENE.relations)
    assert salvage.lost == {"not_a_constant": 1}


def test_unknown_and_repeated_fields_are_passed_over():
    salvage = salvage_code(CODE + f"\n        self.mood = [Element(name='x')]\n        self.groups = [{0}]\n")
    assert salvage.scene == SCENE
    assert salvage.lost == {"repeated_field": 1, "unknown_field": 1}


def test_words_around_the_class_are_passed_over():
    salvage = salvage_code(f"Here's the scene:\n```python\n{CODE}\n```\nIt's grey.")
    assert (salvage.scene, salvage.is_whole, salvage.reason) == (SCENE, False, "no_scene")


def test_code_that_is_too_long_keeps_its_beginning():
    endless = Scene("A swarm.", tuple(BEE for _ in range(3000)))
    salvage = salvage_code(scene_to_code(endless))
    assert salvage.lost["too_long"] == 1
    assert 500 < len(salvage.scene.elements) < 3000


def test_thousandths_are_salvaged_with_their_scale():
    code = scene_to_code(SCENE, scale=1000)
    assert salvage_code(code[:-40], scale=1000).scene.elements == canonical(SCENE, scale=1000).elements


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_scene"),
        ("It's a deck.", "no_scene"),
        ("class Scene:\n    def __init__(self):\n        self.caption = 'A fer", "truncated"),
        ("class Scene:\n    def __init__(self):\n        self.elements = [Element(name='x')]", "missing_field"),
    ],
)
def test_text_without_anything_to_keep_is_refused(text, reason):
    with pytest.raises(CodeError) as caught:
        salvage_code(text)
    assert caught.value.reason == reason
