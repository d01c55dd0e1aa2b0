import doctest
import importlib
import pkgutil
import subprocess
import sys

import cvc
import pytest


def test_the_public_names_are_pinned() -> None:
    assert sorted(cvc.__all__, key=str.lower) == [
        "build_pipeline",
        "CvcError",
        "CvcSettings",
        "InputError",
        "make_report",
        "MixRule",
        "read_captions",
        "run_demo",
        "run_settings",
        "run_study",
        "SettingsError",
        "STEPS",
        "training_examples",
    ]  # fmt: skip


def test_importing_the_app_loads_no_engine() -> None:
    engines = "('torch', 'transformers', 'spacy', 'cv2', 'trl')"
    code = f"import sys, cvc, cvc.cli; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(cvc.__path__)])
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"cvc.{name}")).failed == 0
