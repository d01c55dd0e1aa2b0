"""The examples in the docstrings of tools hold."""

import doctest
import importlib

import pytest

from .workspace import TOOLS

MODULES = [
    f"{folder}.{path.stem}"
    for folder in ("distributions", "releasing", "standing_alone", "workspace_rules")
    for path in sorted((TOOLS / folder).glob("[a-z]*.py"))
]
WITH_EXAMPLES = [name for name in MODULES if ">>> " in (TOOLS / f"{name.replace('.', '/')}.py").read_text()]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_hold(name):
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
