"""Make the example importable under pytest's importlib mode."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def example() -> ModuleType:
    """The module that writes the example report."""
    path = Path(__file__).with_name("example.py")
    spec = importlib.util.spec_from_file_location("run_report_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
