"""Make the example importable under pytest's importlib mode."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

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


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium; tests that need it are skipped where there is none."""
    from .chromium import started_browser

    with started_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver
