import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import cvc
import pytest
from cvc.settings import CvcSettings


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


def settings_table() -> str:
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in CvcSettings.model_fields.items():
        default = (
            ""
            if field.default is None
            else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
        )
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting_as_the_model_has_it() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- settings -->\n")[2].partition("\n<!-- end of settings -->")[0]
    assert table == settings_table()


def test_the_readme_example_gives_what_it_says() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    shown = 0
    for statement in ast.parse(code).body:
        source = ast.unparse(statement)
        if isinstance(statement, ast.Expr):
            assert f"# {eval(source, names)!r}" == code.splitlines()[statement.end_lineno]
            shown += 1
        else:
            exec(source, names)
    assert shown == 2
