import contextlib
import time
import warnings

import pytest
from code_caption.code.parsing import code_to_scene
from code_caption.errors import CodeError, SettingsError
from code_caption.scene import Element, Group, Relation, Scene

HEAD = "class Scene:\n    def __init__(self):\n        "
DECK = "Element(name='deck', box=[0.0, 0.5, 1.0, 1.0])"
TWO = f"self.elements = [{DECK}, Element(name='bee', box=[0.1, 0.1, 0.2, 0.2])]"
FERRY = """\
class Scene:
    def __init__(self):
        self.caption = 'A ferry deck.'
        self.elements = [
            Element(name='deck', box=[0.0, 0.55, 1.0, 1.0], caption='Deck of grey plates.'),
            Element(name='lifebuoy', box=[0.62, 0.2, 0.78, 0.41],
                    caption='Lifebuoy, round.', text='MV TERN'),
        ]
        self.groups = [
            Group(name='chair', count=2, box=[0.05, 0.5, 0.3, 0.82],
                  members=[[0.05, 0.5, 0.17, 0.8], [0.18, 0.51, 0.3, 0.82]]),
        ]
        self.relations = [Relation(a=1, b=0, caption='A lifebuoy hangs above the deck.')]
"""
FERRY_SCENE = Scene(
    "A ferry deck.",
    (
        Element("deck", (0.0, 0.55, 1.0, 1.0), "Deck of grey plates."),
        Element("lifebuoy", (0.62, 0.2, 0.78, 0.41), "Lifebuoy, round.", text="MV TERN"),
    ),
    (Group("chair", ((0.05, 0.5, 0.17, 0.8), (0.18, 0.51, 0.3, 0.82))),),
    (Relation(1, 0, "A lifebuoy hangs above the deck."),),
)


def reason_of(text, **settings):
    with pytest.raises(CodeError) as caught:
        code_to_scene(text, **settings)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        FERRY,
        FERRY.replace("'", '"'),
        FERRY.replace("'", "'''"),
        FERRY.replace("'A ferry deck.'", "('A ferry '\n  'deck.')  # joined"),
        FERRY.replace("'A ferry deck.'", r"'A \x66erry\u0020deck.'"),
        FERRY.replace("name='deck', box=[0.0, 0.55, 1.0, 1.0]", "box = [0, .55, 1, 1.], name = 'deck'"),
        FERRY.replace("\n", "\r\n"),
        FERRY.replace("        self", "\t\tself").replace("    def", "\tdef"),
        FERRY.replace("class Scene:", "# a scene\nclass Scene():\n"),
        f"```python\n{FERRY}```",
        f"\n```\n{FERRY}\n```  \n",
        FERRY.replace("\n        self", "\n\n        self"),
        FERRY.replace(" =", "=\\\n "),
    ],
)
def test_our_layout_is_read_whatever_its_white_space_and_quotes(text):
    assert code_to_scene(text) == FERRY_SCENE


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("self.caption = name", "not_a_constant"),
        ("self.caption = f'{name}'", "not_a_constant"),
        ("self.caption = 'a' + 'b'", "not_a_constant"),
        ("self.caption = [c for c in 'ab']", "not_a_constant"),
        ("self.caption = __import__('os').system('x')", "not_a_constant"),
        ("self.caption = open('x')", "not_a_constant"),
        ("self.caption = None", "wrong_type"),
        ("self.caption = b'x'", "wrong_type"),
        ("self.caption = ['x']", "wrong_type"),
        ("self.caption = 1", "wrong_type"),
        ("self.elements = 'x'", "wrong_type"),
        ("self.elements = ['x']", "wrong_type"),
        ("self.elements = [Thing(name='x')]", "unknown_call"),
        ("self.elements = [Group(name='x')]", "unknown_call"),
        ("self.elements = [scene.Element(name='x')]", "unknown_call"),
        ("self.elements = [Element(name='x')]", "missing_field"),
        ("self.elements = [Element('x', box=[0, 0, 1, 1])]", "unknown_field"),
        ("self.elements = [Element(name='x', colour='red', box=[0, 0, 1, 1])]", "unknown_field"),
        ("self.elements = [Element(name='x', name='y', box=[0, 0, 1, 1])]", "repeated_field"),
        ("self.elements = [Element(name='x', box=[0, 0, 1, 1], text=None)]", "wrong_type"),
        ("self.elements = [Element(name='x', box=[0, 0, 1, 1], attributes='red')]", "wrong_type"),
        ("self.elements = [Element(name=' ', box=[0, 0, 1, 1])]", "no_name"),
        ("self.elements = [Element(name='x', box=(0, 0, 1, 1))]", "wrong_type"),
        ("self.elements = [Element(name='x', box=[0, 0, 1])]", "box"),
        ("self.elements = [Element(name='x', box=[0, 0, 1, 1.01])]", "box"),
        ("self.elements = [Element(name='x', box=[-0.1, 0, 1, 1])]", "box"),
        ("self.elements = [Element(name='x', box=[0.5, 0, 0.5, 1])]", "box"),
        ("self.elements = [Element(name='x', box=[0, 0, 1e999, 1])]", "box"),
        ("self.elements = [Element(name='x', box=[0, 0, 1j, 1])]", "syntax"),
        ("self.elements = [Element(name='x', box=[0, 0, True, 1])]", "wrong_type"),
        ("self.elements = [Element(name='x', box=[0, 0, 'a', 1])]", "wrong_type"),
        ("self.elements = [Element(name='x', box=[0, 0, 1 - 0.5, 1])]", "not_a_constant"),
        ("self.groups = [Group(name='x', count=1, box=[0, 0, 1, 1], members=[])]", "group_count"),
        ("self.groups = [Group(name='x', count=0, box=[0, 0, 1, 1], members=[])]", "empty_group"),
        ("self.groups = [Group(name='x', count=1, box=[0, 0, 1, 1], members=[[0, 0, 1, 0.5]])]", "group_box"),
        ("self.groups = [Group(name='x', count=1.0, box=[0, 0, 1, 1], members=[[0, 0, 1, 1]])]", "wrong_type"),
        (f"{TWO}\n        self.relations = [Relation(a=0, b=2, caption='x')]", "relation"),
        (f"{TWO}\n        self.relations = [Relation(a=1, b=1, caption='x')]", "relation"),
        (f"{TWO}\n        self.relations = [Relation(a=-1, b=1, caption='x')]", "not_a_constant"),
        (f"{TWO}\n        self.relations = [Relation(a=0, b=1, caption='')]", "relation"),
        (f"{TWO}\n        self.elements = []", "repeated_field"),
        ("self.colour = 'red'", "unknown_field"),
        ("caption = 'red'", "statement"),
        ("self.caption = self.elements = 'x'", "statement"),
        ("self.caption: str = 'x'", "statement"),
        ("import os", "statement"),
        ("return 'x'", "statement"),
        ("'a docstring'", "statement"),
        ("pass; pass", "statement"),
        ("self.caption = 'x'\n    def f(self): pass", "no_scene"),
        ("self.caption = 'x'\nclass Other: pass", "syntax"),
        ("self.caption = 'x'\n\nThis is a deck.", "statement"),
        ("self.caption = 'x'\n\nA deck.", "syntax"),
        ("self.caption = 'it's'", "syntax"),
        ("self.caption = 'x'\n       self.elements = []", "syntax"),
        (f"self.elements = [{DECK}", "truncated"),
        (f"self.elements = [{DECK}, ", "truncated"),
        ("self.elements = [Element(name='de", "truncated"),
        ("self.elements = [Element(name='deck', box=[0.0, 0.", "truncated"),
        ("self.elements = [Element(name='deck', box=[0.0, 0.1\n        self.groups = []", "syntax"),
        ("self.elements = [Element(name='deck', box=[0.0, 0.1)]", "syntax"),
        ("self.caption = 'A fer", "truncated"),
        ("self.caption = '''A\nfer", "truncated"),
        ("self.caption =", "truncated"),
        ("self.capt", "truncated"),
        ("", "truncated"),
    ],
)
def test_everything_else_is_refused_with_its_reason(body, reason):
    assert reason_of(HEAD + body) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_scene"),
        ("A deck. It's grey.", "no_scene"),
        ("x = 1", "no_scene"),
        ("class Picture:\n  def __init__(self): pass", "no_scene"),
        ("class Scene(dict):\n  def __init__(self): pass", "no_scene"),
        ("class Scene:\n  def __init__(self, x): pass", "no_scene"),
        ("class Scene:\n  def __init__(self=1): pass", "no_scene"),
        ("class Scene:\n  def __init__(self) -> None: pass", "no_scene"),
        ("class Scene:\n  async def __init__(self): pass", "statement"),
        ("@x\nclass Scene:\n  def __init__(self): pass", "no_scene"),
        ("class Scene:\n  pass", "no_scene"),
        ("clas", "truncated"),
        ("class Sc", "truncated"),
        ("```python\n" + FERRY, "truncated"),
        ("```\n" + FERRY + "```\nThat is all.", "syntax"),
        ("# " + "x" * 65_536, "too_long"),
        (HEAD + "self.caption = '\x00'", "syntax"),
        (HEAD + "self.caption = '\ud800'", "syntax"),
    ],
)
def test_text_that_is_no_scene_is_refused_with_its_reason(text, reason):
    assert reason_of(text) == reason


def test_every_beginning_of_code_is_whole_at_an_assignment_or_truncated():
    for end in range(1, len(FERRY)):
        if FERRY[:end].rstrip().endswith(("]", "'A ferry deck.'")) and FERRY[:end].count("[") == FERRY[:end].count("]"):
            assert code_to_scene(FERRY[:end]).caption == "A ferry deck."
        else:
            assert reason_of(FERRY[:end]) == "truncated", FERRY[:end]


def test_thousandths_must_be_whole():
    text = HEAD + "self.elements = [Element(name='x', box=[0, 250, 1000, 500])]"
    assert code_to_scene(text, scale=1000).elements[0].box == (0.0, 0.25, 1.0, 0.5)
    assert reason_of(text) == "box"
    assert reason_of(text.replace("250", "0.25"), scale=1000) == "wrong_type"


def test_the_message_names_line_and_fault():
    with pytest.raises(CodeError) as caught:
        code_to_scene(HEAD + "self.elements = [\n  Element(name='x', box=[0.5, 0, 0.25, 1])]")
    expected = "line 4: box must satisfy 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1; got [0.5, 0, 0.25, 1]."
    assert str(caught.value) == expected


def test_odd_escapes_are_read_without_a_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert code_to_scene(HEAD + r"self.caption = 'a\d\N{BULLET}'").caption == "a\\d\u2022"
    assert not caught


@pytest.mark.parametrize(
    "hostile",
    [
        "-" * 60_000 + "1", "~" * 60_000, "not " * 16_000 + "1", "(" * 60_000, "[" * 60_000 + "]" * 5_000,
        "a." * 30_000, "f" + "()" * 30_000, "'a'" + "[0]" * 20_000, "1 - " * 16_000 + "1", "1if 1else " * 6_000 + "1",
        "9" * 60_000, "0x1e+" * 12_000 + "1", "lambda: " * 8_000 + "1", "9" * 60_000 + "x", "'a' " * 16_000,
        "[[1],[2]],[" * 5_000, "''" * 30_000, r"'\"" * 20_000, "\\\n" * 30_000, "\n" * 60_000 + "(", "{**" * 20_000,
        "a=" * 30_000, "b'" * 30_000,
    ],
)  # fmt: skip
def test_hostile_text_is_refused_at_little_cost(hostile):
    start = time.thread_time()
    for before in (HEAD + "self.caption = ", HEAD + "self.elements = [Element(name="):
        with contextlib.suppress(CodeError):
            assert not code_to_scene(before + hostile).elements
    assert time.thread_time() - start < 2


def test_a_scale_that_no_model_uses_is_refused():
    with pytest.raises(SettingsError, match="scale must be 1"):
        code_to_scene(FERRY, scale=100)
