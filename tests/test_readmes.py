"""What the READMEs print can be run: Python parses, commands, extras and modules exist, CI runs the same set-up."""

import ast
import importlib
import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md")), *sorted(ROOT.glob("apps/*/README.md"))]
PROJECTS = [tomllib.loads(path.read_text())["project"] for path in sorted(ROOT.glob("*/*/pyproject.toml"))]
EXTRAS = {project["name"]: set(project.get("optional-dependencies", {})) for project in PROJECTS}
SCRIPTS = {name: target for project in PROJECTS for name, target in project.get("scripts", {}).items()}
OURS = re.compile(rf"(?:pip|uv|python|{'|'.join(SCRIPTS)}) (?:\w|-m )")
TOOLS = {"pytest", "ruff", "pyright"}

SET_UP = "pip install uv && uv run cvc demo"
TESTS = "uv run pytest"

every_readme = pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(readme):
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL)


def commands(readme):
    """Words of each command of ours, in blocks and in inline code."""
    lines = [line for language, text in blocks(readme) if language != "python" for line in joined(text).splitlines()]
    lines += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", readme.read_text(), flags=re.M | re.S))
    for line in lines:
        for part in line.removeprefix("$ ").split(" && "):
            if re.match(r"(?:pip|uv|python|" + "|".join(SCRIPTS) + r") \w", part.strip()) or part.startswith(
                "python -m "
            ):
                yield shlex.split(part, comments=True)


def joined(text):
    return text.replace("\\\n", " ")


def missing(words):
    """What a command names that does not exist; None when all is there."""
    if words[0] == "pip":
        return missing_extra(words[2:])
    if words[0] == "uv" and words[1] == "run":
        rest = words[4:] if words[2:3] == ["--group"] else words[2:]
        return missing(rest) if rest else "a command"
    if words[0] == "uv":
        return None
    if words[0] == "python":
        return missing_module(words)
    if words[0] in SCRIPTS:
        return missing_subcommand(words)
    return None if words[0] in TOOLS or (ROOT / words[0]).is_file() else words[0]


def missing_extra(requirements):
    for requirement in requirements:
        name, extras = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]+)\])?.*", requirement).groups()
        unknown = set((extras or "").split(",")) - {""} - EXTRAS.get(name, set())
        if name in EXTRAS and unknown:
            return f"{name}[{', '.join(unknown)}]"
    return None


def missing_module(words):
    if words[1] == "-m":
        return None if importlib.util.find_spec(words[2]) else words[2]
    return None if (ROOT / words[1]).exists() else words[1]


def missing_subcommand(words):
    module, attribute = SCRIPTS[words[0]].split(":")
    command = getattr(importlib.import_module(module), attribute)
    verb = next((word for word in words[1:] if not word.startswith("-")), None)
    if not isinstance(command, click.Group) or verb is None or re.fullmatch("[A-Z<].*", verb):
        return None
    return None if verb in command.commands else f"{words[0]} {verb}"


def parses(code):
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


@every_readme
def test_python_blocks_parse(readme):
    unparsed = [text for language, text in blocks(readme) if language == "python" and not parses(text)]
    assert unparsed == []


@every_readme
def test_commands_modules_and_extras_that_a_readme_names_exist(readme):
    named = list(commands(readme))
    assert [missing(words) for words in named] == [None] * len(named)


def test_the_two_set_up_commands_are_in_the_readme_and_ci_runs_them():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci/run").read_text()
    assert SET_UP in readme
    assert re.search(rf"^{TESTS}$", joined(readme), re.MULTILINE)
    assert "step demo uv run cvc demo --fast\n" in ci
    assert f"step pytest {TESTS}\n" in ci


def test_this_check_finds_what_does_not_exist(tmp_path):
    assert missing(["pip", "install", "occlusion[spacy,nonsense]"]) == "occlusion[nonsense]"
    assert missing(["uv", "run", "nonsense"]) == "nonsense"
    assert missing(["uv", "run", "python", "-m", "box_space.nonsense"]) == "box_space.nonsense"
    assert missing(["python", "tools/nonsense.py"]) == "tools/nonsense.py"
    assert missing(["uv", "run", "tools/check"]) is None
    (tmp_path / "README.md").write_text(
        "Use `pip install box-space`.\n\n```\n$ uv run a \\\n  b && pip install c # d\n```\n"
    )
    assert sorted(commands(tmp_path / "README.md")) == [
        ["pip", "install", "box-space"],
        ["pip", "install", "c"],
        ["uv", "run", "a", "b"],
    ]
