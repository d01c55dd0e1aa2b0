import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest
import roi_attention.zoom as zoom

MODULES = sorted(module.name for module in pkgutil.iter_modules(zoom.__path__, "roi_attention.zoom."))


def test_all_public_names_are_there_once():
    assert len(set(zoom.__all__)) == len(zoom.__all__)
    assert all(hasattr(zoom, name) for name in zoom.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_give_what_they_show(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


def test_zoom_dialogues_need_no_model_library():
    script = "import sys, roi_attention.zoom; print({'torch', 'transformers', 'llava_train'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
