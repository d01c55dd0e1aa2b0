"""Public names, doctests, what importing costs, and the README's table of settings."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import world2code
from shard_runner.cli.flags import fields_of
from world2code.settings import W2cSettings

README = Path(__file__).parents[1] / "README.md"


def test_the_public_names_are_pinned() -> None:
    assert sorted(world2code.__all__, key=str.lower) == [
        "build_pipeline",
        "InputError",
        "make_report",
        "run_ablation",
        "run_demo",
        "run_settings",
        "run_study",
        "SettingsError",
        "STEPS",
        "W2cSettings",
        "World2CodeError",
    ]


def test_importing_the_app_loads_no_engine() -> None:
    engines = "('torch', 'transformers', 'datasets', 'trl', 'peft', 'spacy')"
    code = f"import sys, world2code, world2code.cli; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(world2code.__path__)])
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"world2code.{name}")).failed == 0


def settings_table() -> str:
    """Every setting, those of the questions by their path, with its default and what it is."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for path, field in fields_of(W2cSettings):
        value = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if field.default is None else f"`{value}`"
        lines.append(f"| `{'.'.join(path)}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_model_has_it() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->\n")[2].partition("\n<!-- end of settings -->")[0]
    assert table == settings_table()
