import doctest
import importlib
import pkgutil

import code_caption
import pytest

MODULES = sorted(module.name for module in pkgutil.walk_packages(code_caption.__path__, "code_caption."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_give_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
