"""The public surface."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest
import scene_world

MODULES = [m.name for m in pkgutil.iter_modules(scene_world.__path__)]


def test_public_names_are_sorted_and_exist() -> None:
    names = scene_world.__all__
    upper = [n for n in names if n.isupper()]
    classes = [n for n in names if n[0].isupper() and not n.isupper()]
    functions = [n for n in names if n[0].islower()]
    assert names == [*sorted(upper), *sorted(classes), *sorted(functions)]
    assert all(hasattr(scene_world, name) for name in names)
    assert len(names) == 58


def test_importing_the_package_loads_no_torch() -> None:
    code = "import sys, scene_world; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(f"scene_world.{name}")
    assert doctest.testmod(module).failed == 0
