import ast
import os
import subprocess
import sys
from pathlib import Path

import code_caption
import pytest
from code_caption.code.canonical_form import canonical
from code_caption.code.canonical_reader import read_canonical
from code_caption.code.parsing import _read, code_to_scene
from code_caption.code.rendering import scene_to_code
from code_caption.errors import SettingsError
from code_caption.scene import Element, Group, Relation, Scene
from hypothesis import given, settings
from hypothesis import strategies as st

FERRY = Scene(
    "A ferry deck with an orange lifebuoy and folded chairs.",
    (
        Element("lifebuoy", (0.62, 0.2, 0.78, 0.41), "Lifebuoy, round.", ("orange", "white"), "MV TERN"),
        Element("deck", (0.0, 0.55, 1.0, 1.0), "Deck of grey plates."),
    ),
    (Group("chair", ((0.18, 0.51, 0.3, 0.82), (0.05, 0.5, 0.17, 0.8), (0.31, 0.53, 0.44, 0.83))),),
    (Relation(0, 1, "A lifebuoy hangs above the deck."), Relation(2, 1, "Chairs stand on the deck.")),
)
FERRY_CODE = """\
class Scene:
    def __init__(self):
        self.caption = 'A ferry deck with an orange lifebuoy and folded chairs.'
        self.elements = [
            Element(name='deck', box=[0.0, 0.55, 1.0, 1.0], caption='Deck of grey plates.'),
            Element(name='lifebuoy', box=[0.62, 0.2, 0.78, 0.41], attributes=['orange', 'white'], \
caption='Lifebuoy, round.', text='MV TERN'),
        ]
        self.groups = [
            Group(name='chair', count=3, box=[0.05, 0.5, 0.44, 0.83], members=[[0.05, 0.5, 0.17, 0.8], \
[0.18, 0.51, 0.3, 0.82], [0.31, 0.53, 0.44, 0.83]]),
        ]
        self.relations = [
            Relation(a=1, b=0, caption='A lifebuoy hangs above the deck.'),
            Relation(a=2, b=0, caption='Chairs stand on the deck.'),
        ]"""
TEXTS = st.one_of(st.sampled_from(["a", "it's", '"', "\\", "'\"", "\n", "#"]), st.text(st.characters(), max_size=12))
NAMES = TEXTS.filter(str.strip)


@st.composite
def boxes(draw):
    x, y = (sorted(draw(st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True))) for _ in range(2))
    return x[0], y[0], x[1], y[1]


@st.composite
def scenes(draw):
    attributes = st.lists(TEXTS, max_size=2).map(tuple)
    element = st.builds(Element, NAMES, boxes(), caption=TEXTS, attributes=attributes, text=TEXTS)
    group = st.builds(Group, NAMES, st.lists(boxes(), min_size=1, max_size=3).map(tuple))
    elements = tuple(draw(st.lists(element, max_size=3)))
    groups = tuple(draw(st.lists(group, max_size=2)))
    things = range(len(elements) + len(groups))
    pairs = [(a, b) for a in things for b in things if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=2)) if pairs else []
    relations = tuple(Relation(a, b, draw(NAMES)) for a, b in chosen)
    return Scene(draw(TEXTS), elements, groups, relations)


def test_a_scene_is_written_in_one_layout():
    assert scene_to_code(FERRY) == FERRY_CODE


def test_a_scene_without_anything_is_pass():
    assert scene_to_code(Scene()) == "class Scene:\n    def __init__(self):\n        pass"
    assert code_to_scene(scene_to_code(Scene())) == Scene()


@settings(max_examples=30, deadline=None)
@given(scenes(), st.integers(1, 4), st.sampled_from([1, 1000]))
def test_code_parses_and_says_the_canonical_scene(scene, digits, scale):
    code = scene_to_code(scene, digits=digits, scale=scale)
    ast.parse(code)
    assert code_to_scene(code, scale=scale) == canonical(scene, digits=digits, scale=scale)


@settings(max_examples=30, deadline=None)
@given(scenes(), st.sampled_from([1, 1000]))
def test_the_fast_reader_says_what_the_parser_says(scene, scale):
    code = scene_to_code(scene, scale=scale)
    fast = read_canonical(code, scale=scale)
    assert fast == (None if "\\" in code else _read(code, scale))


@settings(max_examples=30, deadline=None)
@given(scenes(), st.integers(1, 4), st.sampled_from([1, 1000]))
def test_the_canonical_form_of_a_canonical_scene_is_itself(scene, digits, scale):
    once = canonical(scene, digits=digits, scale=scale)
    assert canonical(once, digits=digits, scale=scale) == once


@settings(max_examples=30, deadline=None)
@given(scenes(), st.data())
def test_the_order_of_things_that_differ_does_not_matter(scene, data):
    scene = Scene(scene.caption, scene.elements, scene.groups)
    shuffled = Scene(
        scene.caption,
        tuple(data.draw(st.permutations(scene.elements))),
        tuple(
            Group(group.name, tuple(data.draw(st.permutations(group.members))))
            for group in data.draw(st.permutations(scene.groups))
        ),
    )
    assert scene_to_code(shuffled) == scene_to_code(scene)


@settings(max_examples=30, deadline=None)
@given(scenes())
def test_boxes_move_by_half_a_step_at_most_unless_they_are_narrower_than_one(scene):
    before = sorted((element.box for element in scene.elements if is_wide(element.box)), key=lambda box: box)
    after = canonical(scene, digits=2).elements
    for box in before:
        assert any(max(abs(a - b) for a, b in zip(box, each.box, strict=True)) < 0.00501 for each in after)


def is_wide(box):
    return min(box[2] - box[0], box[3] - box[1]) > 0.01


@pytest.mark.parametrize(
    ("low_high", "expected"),
    [
        ((0.304, 0.306), (0.3, 0.31)),  # its ends round apart
        ((0.301, 0.303), (0.3, 0.31)),  # above 0.30: grows upwards
        ((0.296, 0.299), (0.29, 0.3)),  # below 0.30: grows downwards
        ((0.998, 0.999), (0.99, 1.0)),
        ((0.0, 0.001), (0.0, 0.01)),
    ],
)
def test_a_narrow_box_becomes_one_step_wide_inside_the_image(low_high, expected):
    low, high = low_high
    box = canonical(Scene(elements=(Element("x", (low, 0.0, high, 1.0)),))).elements[0].box
    assert box == (expected[0], 0.0, expected[1], 1.0)


def test_thousandths_are_whole_numbers():
    code = scene_to_code(Scene(elements=(Element("x", (0.1234, 0.0, 0.5, 1.0)),)), scale=1000)
    assert "box=[123, 0, 500, 1000]" in code
    assert code_to_scene(code, scale=1000).elements[0].box == (0.123, 0.0, 0.5, 1.0)


def test_digits_are_the_decimals_of_fractions():
    scene = Scene(elements=(Element("x", (0.00012, 0.12346, 0.5, 1.0)),))
    assert "[0.0, 0.1, 0.5, 1.0]" in scene_to_code(scene, digits=1)
    assert "[0.0001, 0.1235, 0.5, 1.0]" in scene_to_code(scene, digits=4)


def test_relations_follow_their_things():
    small, large = Element("small", (0.0, 0.0, 0.1, 0.1)), Element("large", (0.0, 0.0, 0.5, 0.5))
    group = Group("bee", ((0.5, 0.5, 0.6, 0.6),))
    scene = Scene(elements=(small, large), groups=(group,), relations=(Relation(2, 0, "z"), Relation(0, 1, "a")))
    assert canonical(scene).relations == (Relation(1, 0, "a"), Relation(2, 1, "z"))


def test_bytes_do_not_depend_on_the_hash_seed():
    script = f"""if True:
        from code_caption.code.rendering import scene_to_code
        from code_caption.scene import Element, Group, Relation, Scene
        print(scene_to_code({FERRY!r}))
    """
    source = str(Path(code_caption.__file__).parents[1])
    outputs = set()
    for seed in ("1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": source}
        command = [sys.executable, "-c", script]
        outputs.add(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
    assert outputs == {FERRY_CODE.encode() + os.linesep.encode()}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"digits": 0}, "digits must be 1 to 4 (decimals of a fraction); got 0."),
        ({"digits": 5}, "digits must be 1 to 4 (decimals of a fraction); got 5."),
        ({"scale": 100}, "scale must be 1 (fractions) or 1000 (whole thousandths); got 100."),
    ],
)
def test_settings_out_of_range_are_refused(choice, message):
    with pytest.raises(SettingsError) as caught:
        scene_to_code(FERRY, **choice)
    assert str(caught.value) == message
