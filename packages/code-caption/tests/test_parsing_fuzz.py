"""Damaged code, raw text and decoded bytes: only a scene or a `CodeError` comes out, and nothing is evaluated."""

import ast
import sys

import pytest
from code_caption.code.canonical_form import canonical
from code_caption.code.parsing import code_to_scene
from code_caption.code.rendering import scene_to_code
from code_caption.code.salvaging import salvage_code
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SCENE = Scene(
    "A ferry's deck.",
    (
        Element("deck", (0.0, 0.55, 1.0, 1.0), 'Plates, "grey".', ("grey",)),
        Element("buoy", (0.6, 0.2, 0.7, 0.4), "", (), "MV\\\n"),
    ),
    (Group("chair", ((0.05, 0.5, 0.17, 0.8), (0.18, 0.51, 0.3, 0.82))),),
    (Relation(1, 0, "A buoy hangs above the deck."),),
)
CODE = {scale: scene_to_code(SCENE, scale=scale) for scale in (1, 1000)}
SNIPPETS = st.sampled_from(
    [
        "__import__('os').system('true')", "f'{1}'", "(lambda: 0)()", "1 + 1", "-" * 200, "not " * 200, "(" * 300,
        "[" * 300, "a." * 300, "()" * 300, "[0]" * 300, "1if 1else " * 50, "0x1e+" * 50, "9" * 5000, "1e999",
        "1j", "None", "'''", '"""', "'", '"', "'\\d'", "'\\N{BULLET}'", "'\\N{x'", "'\\777'", "\\", "\x00", "\ud800",
        "\ufeff", "é", "#", "```", "\n", "\t", "import os", "class Scene:", "self.caption = ", "self.elements = [",
        "Element(", "Group(", "Relation(", "),", "]", "*", "**{}", "0", "-1", ".",
    ]
)  # fmt: skip


@st.composite
def damaged_code(draw):
    """Code after one to four changes: a part cut out, doubled, moved to the end or replaced."""
    scale = draw(st.sampled_from([1, 1000]))
    code = CODE[scale]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(code)))
        end = min(start + draw(st.sampled_from([0, 1, 2, 5, 30, 1000])), len(code))
        part = draw(st.sampled_from(["", code[start:end] * 2]) | SNIPPETS | st.text(st.characters(), max_size=3))
        code = code[:start] + part + draw(st.sampled_from([code[end:], code[end:], "", code[end:] + code[start:end]]))
    return code, scale


RAW = st.text(st.characters(), max_size=60) | st.binary(max_size=60).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
BODIES = RAW.map(lambda text: CODE[1].partition("'")[0] + text)


class Watch:
    """Audit events while it is on; asking `ast.parse` for a tree is counted apart."""

    is_on = False

    def __init__(self):
        self.trees, self.others = 0, []

    def __call__(self, event, details):
        # The hook's own questions raise the first two.
        if not self.is_on or event in ("sys._getframe", "object.__getattr__"):
            return
        if event == "compile" and sys._getframe(1).f_code is ast.parse.__code__:
            self.trees += 1
        else:
            self.others.append(event)


@pytest.fixture(scope="module")
def watch():
    """Hooks stay for good, so there is one, which is mostly off."""
    hook = Watch()
    sys.addaudithook(hook)
    return hook


def outcome(watch, read, *arguments, **settings):
    watch.trees, watch.others, watch.is_on = 0, [], True
    try:
        return read(*arguments, **settings)
    except CodeError as error:
        return error
    finally:
        watch.is_on = False


def harm_done(watch, text, scale):
    """What a text did besides being read, an error that is long, or a scene that does not come back from its code."""
    harm = []
    for read in (code_to_scene, salvage_code):
        result = outcome(watch, read, text, scale=scale)
        harm += watch.others
        if isinstance(result, CodeError):
            harm += [str(result)] if len(str(result).splitlines()) > 1 or len(str(result)) >= 600 else []
            continue
        scene = result if isinstance(result, Scene) else result.scene
        again = code_to_scene(scene_to_code(scene, scale=scale), scale=scale)
        harm += [] if again == canonical(scene, scale=scale) else [again]
    return harm


fuzzed = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzed
@given(text_scale=damaged_code())
def test_damaged_code_does_no_harm(watch, text_scale):
    assert harm_done(watch, *text_scale) == []


@fuzzed
@given(text=RAW | BODIES)
def test_raw_text_and_bytes_do_no_harm(watch, text):
    assert harm_done(watch, text, 1) == []


def test_the_watch_sees_what_it_must_see(watch):
    assert outcome(watch, code_to_scene, CODE[1]) == SCENE
    assert (watch.trees, watch.others) == (1, [])
    outcome(watch, eval, "1")
    assert watch.others[:2] == ["compile", "exec"]


def test_a_syntax_error_opens_no_file(watch):
    assert outcome(watch, code_to_scene, CODE[1].replace(", box=", " box=")).reason == "syntax"
    assert (watch.trees, watch.others) == (1, [])
    with pytest.raises(SyntaxError):
        outcome(watch, ast.parse, "x = (1 2)")
    assert watch.others == ["open"]
