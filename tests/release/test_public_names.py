"""Which changes of public names a release shows, and which of them break a caller."""

import pytest
from releasing.api_changes import api_changes, public_names

from .small_workspace import write


def changes(tmp_path, old, new):
    for version, files in (("old", old), ("new", new)):
        write(tmp_path / version / "p", files)
    return api_changes("p", tmp_path / "old", tmp_path / "new")


def module(body, *names):
    return {"__init__.py": f"__all__ = {list(names)}\n{body}\n"}


BREAKS = [
    ("def f(a): ...", "def f(a, b): ...", ["`f(b)`: Parameter was added as required"]),
    ("def f(a): ...", "def f(a, b=1): ...", []),
    (
        "def f(a): ...",
        "def f(*, a): ...",
        ["`f(a)`: Parameter kind was changed: `positional or keyword` -> `keyword-only`"],
    ),
    ("def f(a=1): ...", "def f(a=2): ...", ["`f(a)`: Parameter default was changed: `1` -> `2`"]),
    ("def f(a): ...", "def f(b): ...", ["`f(a)`: Parameter was removed", "`f(b)`: Parameter was added as required"]),
    ("class f:\n def g(self): ...", "class f: ...", ["`f.g`: Public object was removed"]),
    ("class f:\n def _g(self): ...", "class f: ...", []),
    ("f = 1", "f = 2", []),
    ("def f(a): ...", "f = 1", ["`f`: Public object points to a different kind of object: `function` -> `attribute`"]),
]


@pytest.mark.parametrize(("old", "new", "breaking"), BREAKS, ids=[f"{old} to {new}" for old, new, _ in BREAKS])
def test_what_breaks_a_caller_is_named(tmp_path, old, new, breaking):
    assert list(changes(tmp_path, module(old, "f"), module(new, "f")).breaking) == breaking


def test_fields_of_a_dataclass_count_as_parameters(tmp_path):
    head = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass f:\n    a: int\n"
    found = changes(tmp_path, module(head, "f"), module(head + "    b: int\n", "f"))
    assert found.breaking == ("`f.__init__(b)`: Parameter was added as required",)


def test_names_outside_all_are_not_public_and_those_of_modules_with_all_are(tmp_path):
    old = module("from p.m import f", "f") | {"m.py": "def f(a): ...\ndef hidden(a): ..."}
    old |= {"n.py": "__all__ = ['g']\ndef g(a): ..."}
    new = module("from p.m import f\nh = 1", "f", "h") | {"m.py": "def f(a, b=0): ..."} | {"n.py": "__all__ = []"}
    found = changes(tmp_path, old, new)
    assert found.added == ("h",)
    assert found.changed == ("f(a) -> f(a, b=0)",)
    assert found.breaking == ("`n.g`: Name is not in __all__ any more",)


def test_a_function_is_found_behind_a_module_of_its_name(tmp_path):
    head = module("from p.f import f", "f")
    found = changes(tmp_path, head | {"f.py": "def f(a): ..."}, head | {"f.py": "def f(): ..."})
    assert found.breaking == ("`f(a)`: Parameter was removed",)
    assert public_names("p", tmp_path / "new") == ["f"]
