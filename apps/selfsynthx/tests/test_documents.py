"""Public names, doctests, what importing costs, and the README's table of settings."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import selfsynthx
import selfsynthx.datasets
from selfsynthx.settings import SynthSettings
from shard_runner.cli.flags import fields_of

README = Path(__file__).parents[1] / "README.md"
MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (selfsynthx, selfsynthx.datasets)
    for module in pkgutil.iter_modules(package.__path__)
]


def test_the_public_names_are_pinned() -> None:
    assert selfsynthx.__all__ == [
        "COMMANDS",
        "InputError",
        "SelfSynthXError",
        "SettingsError",
        "SynthSettings",
        "build_pipeline",
        "make_report",
        "run_command",
        "run_demo",
        "run_method",
        "run_settings",
        "run_study",
    ]


def test_importing_the_app_loads_no_engine() -> None:
    engines = "('torch', 'transformers', 'datasets', 'trl', 'peft', 'sentence_transformers')"
    code = f"import sys, selfsynthx, selfsynthx.cli; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def settings_table() -> str:
    """Every setting with its default and what it is."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for path, field in fields_of(SynthSettings):
        value = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if field.default is None else f"`{value}`"
        lines.append(f"| `{'.'.join(path)}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_model_has_it() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->\n")[2].partition("\n<!-- end of settings -->")[0]
    assert table == settings_table()
