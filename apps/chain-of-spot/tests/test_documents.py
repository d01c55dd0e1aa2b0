"""Public names, doctests, what importing costs, and the README's table of settings."""

import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import chain_of_spot
import pytest
from chain_of_spot.settings import CosSettings

README = Path(__file__).parents[1] / "README.md"


def test_the_public_names_are_pinned() -> None:
    assert sorted(chain_of_spot.__all__, key=str.lower) == [
        "ask_one",
        "build_pipeline",
        "ChainOfSpotError",
        "CosSettings",
        "InputError",
        "make_report",
        "run_demo",
        "run_settings",
        "run_study",
        "SettingsError",
        "STEPS",
    ]  # fmt: skip


def test_importing_the_app_loads_no_engine() -> None:
    engines = "('torch', 'transformers', 'datasets', 'trl', 'peft')"
    code = f"import sys, chain_of_spot, chain_of_spot.cli; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(chain_of_spot.__path__)])
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"chain_of_spot.{name}")).failed == 0


def settings_table() -> str:
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in CosSettings.model_fields.items():
        value = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if field.default is None else f"`{value}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_model_has_it() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->\n")[2].partition("\n<!-- end of settings -->")[0]
    assert table == settings_table()
