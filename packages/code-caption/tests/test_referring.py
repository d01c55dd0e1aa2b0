from code_caption.rows.referring import described, refer_to_element, refer_to_group
from code_caption.rows.row_wording import AttributeKind, RowWording
from code_caption.scene import Element, Group, Scene
from hypothesis import given
from hypothesis import strategies as st

BOX = (0.1, 0.1, 0.5, 0.5)


def scene_of(*things, groups=()):
    return Scene(
        elements=tuple(Element(name, BOX, attributes=attributes) for name, *attributes in things), groups=groups
    )


def chairs(count=3):
    return Group("chair", tuple((0.1 * k, 0.5, 0.1 * k + 0.05, 0.9) for k in range(count)))


def test_the_name_alone_is_enough_where_nothing_else_has_it():
    assert refer_to_element(scene_of(("duck", "red"), ("cup",)), 0).phrase == "duck"


def test_attributes_help_where_a_name_is_there_twice():
    scene = scene_of(("duck", "red", "small"), ("duck", "blue"))
    assert refer_to_element(scene, 0).phrase == "red small duck"
    assert refer_to_element(scene, 1).phrase == "blue duck"


def test_a_thing_without_attributes_beside_another_of_its_name_has_no_phrase():
    scene = scene_of(("duck",), ("duck", "blue"))
    assert refer_to_element(scene, 0).reason == "same_name"


def test_what_is_not_known_of_another_thing_does_not_tell_it_apart():
    # The plain duck may well be blue, and the shiny one too.
    assert refer_to_element(scene_of(("duck",), ("duck", "blue")), 1).reason == "unknown_attributes"
    assert refer_to_element(scene_of(("duck", "shiny"), ("duck", "blue")), 1).reason == "unknown_attributes"


def test_two_things_of_the_same_attributes_share_a_phrase():
    scene = scene_of(("duck", "red"), ("duck", "Red", "large"))
    assert refer_to_element(scene, 0).reason == "same_phrase"
    assert refer_to_element(scene, 1).reason == "unknown_attributes"


def test_colors_that_nobody_can_hold_apart_do_not_tell_apart():
    assert refer_to_element(scene_of(("car", "gray"), ("car", "grey")), 0).reason == "unknown_attributes"
    assert refer_to_element(scene_of(("car", "gray"), ("car", "black")), 0).phrase == "gray car"


def test_which_words_exclude_each_other_is_data():
    scene = scene_of(("car", "parked"), ("car", "moving"))
    wording = RowWording(attribute_kinds=(AttributeKind("motion", ("parked", "moving")),))
    assert refer_to_element(scene, 0).reason == "unknown_attributes"
    assert refer_to_element(scene, 0, wording).phrase == "parked car"


def test_a_longer_name_with_the_same_noun_and_a_plural_are_rivals():
    assert refer_to_element(scene_of(("chair",), ("office chair",)), 0).reason == "same_name"
    assert refer_to_element(scene_of(("chair",), ("office chair",)), 1).phrase == "office chair"
    assert refer_to_element(scene_of(("chair",), ("Chairs",)), 0).reason == "same_name"


def test_members_of_a_group_are_rivals_and_a_group_alone_has_its_number():
    assert refer_to_element(scene_of(("chair", "red"), groups=(chairs(),)), 0).reason == "unknown_attributes"
    assert refer_to_group(scene_of(("chair", "red"), groups=(chairs(),)), 0).reason == "same_name"
    assert refer_to_group(scene_of(("table",), groups=(chairs(),)), 0).phrase == "three chairs"
    assert refer_to_group(scene_of(groups=(chairs(), chairs())), 1).reason == "same_name"
    assert refer_to_group(scene_of(groups=(chairs(1),)), 0).phrase == "chair"


def test_an_attribute_that_the_name_says_already_is_not_repeated():
    assert described("red duck", ["Red", "small", "small"]) == "small red duck"


NAMES = st.sampled_from(["duck", "cup", "tea cup"])
ATTRIBUTES = st.lists(st.sampled_from(["red", "blue", "small", "shiny"]), max_size=2, unique=True)


@given(st.lists(st.tuples(NAMES, ATTRIBUTES), min_size=1, max_size=6))
def test_no_phrase_fits_two_things_whatever_the_unknown_attributes_are(things):
    scene = scene_of(*((name, *attributes) for name, attributes in things))
    colors, sizes = {"red", "blue"}, {"small"}
    for index, element in enumerate(scene.elements):
        reference = refer_to_element(scene, index)
        if reference.reason is not None:
            assert reference.phrase == ""
            continue
        words = set(reference.phrase.removesuffix(element.name).split())
        for place, other in enumerate(scene.elements):
            if place == index or not f" {other.name}".endswith(f" {element.name}"):
                continue
            known = set(other.attributes)
            clash = any(words & kind and known & kind and not words & known & kind for kind in (colors, sizes))
            assert clash, (reference.phrase, other)
