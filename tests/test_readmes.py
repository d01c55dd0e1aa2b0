"""What documents print can be run: Python parses, commands, flags, extras and modules exist, links lead somewhere."""

import ast
import importlib
import importlib.util
import re
import shlex

import click
import pytest

from .workspace import APPS, PROJECTS, ROOT

FOUND = [path for pattern in ("*.md", "docs/*.md", "*/*/*.md", "*/*/docs/*.md") for path in sorted(ROOT.glob(pattern))]
DATED = {"CHANGELOG.md", "LOG.md"}  # they tell what was so on a day
DOCUMENTS = [path for path in FOUND if path.name not in DATED]
EXTRAS = {project["name"]: set(project.get("optional-dependencies", {})) for project in PROJECTS}
SCRIPTS = {name: target for project in PROJECTS for name, target in project.get("scripts", {}).items()}
OURS = re.compile(rf"(?:pip|uv|python|{'|'.join(SCRIPTS)}) \w|python -m ")
TOOLS = {"pytest", "ruff", "pyright"}
PLACEHOLDER = re.compile(r"[A-Z<{].*|\.\.\.")

SET_UP = "pip install uv && uv run cvc demo"
TESTS = "uv run pytest"


def shown(path):
    return str(path.relative_to(ROOT))


every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=shown)


def blocks(document):
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def prose(document):
    return re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def inline_codes(document):
    """Texts between single back-quotes; in tables `\\|` stands for a bar."""
    return [text.replace("\\|", "|") for text in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(document))]


def commands(document):
    """Words of each command of ours, in blocks and in inline code."""
    texts = [joined(text) for language, text in blocks(document) if language != "python"]
    lines = [line for text in texts for line in text.splitlines()] + inline_codes(document)
    for line in lines:
        for part in line.strip().removeprefix("$ ").split(" && "):
            if OURS.match(part.strip()):
                yield shlex.split(part, comments=True)


def joined(text):
    return text.replace("\\\n", " ")


def missing(words):
    """What a command names that does not exist; None when all is there."""
    if words[0] == "pip":
        return missing_extra(words[2:])
    if words[0] == "uv" and words[1] == "run":
        rest = [word for word in words[2:] if word != "--no-sync"]
        rest = rest[2:] if rest[:1] in (["--group"], ["--package"]) else rest
        return missing(rest) if rest else "a command"
    if words[0] == "uv":
        return None
    if words[0] == "python":
        return missing_module(words)
    if words[0] in SCRIPTS:
        return missing_part(words)
    return None if words[0] in TOOLS or (ROOT / words[0]).is_file() else words[0]


def missing_extra(requirements):
    for requirement in requirements:
        if requirement.startswith(("-", ".")):
            continue
        name, extras = re.fullmatch(r"([\w.-]+)(?:\[([\w,-]+)\])?.*", requirement).groups()
        unknown = set((extras or "").split(",")) - {""} - EXTRAS.get(name, set())
        if name in EXTRAS and unknown:
            return f"{name}[{', '.join(unknown)}]"
    return None


def missing_module(words):
    if words[1] == "-m":
        return None if importlib.util.find_spec(words[2]) else words[2]
    return None if words[1] == "-c" or (ROOT / words[1]).exists() else words[1]


def script(name):
    """The click command behind a program; bench-eval's first looks whether its extra is there."""
    module, attribute = SCRIPTS[name].split(":")
    main = getattr(importlib.import_module(module), attribute)
    return main if isinstance(main, click.Command) else importlib.import_module(f"{module}.commands").make_commands()


def missing_part(words):
    """The first subcommand, flag or choice of a command line of ours that the program does not have."""
    command, rest, names = script(words[0]), words[1:], [words[0]]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        if PLACEHOLDER.fullmatch(rest[0]):
            return None
        names.append(rest.pop(0))
        command = command.commands.get(names[-1].rstrip(","))
    if command is None:
        return " ".join(names)
    wrong = wrong_option(command, rest)
    return wrong and f"{' '.join(names)} {wrong}"


def wrong_option(command, words):
    """The first option, or value of a choice, that a command does not take."""
    options = options_of(command)
    for word, value in zip(words, [*words[1:], ""], strict=False):
        if not re.match("--[a-z]", word):
            continue
        option = options.get(word)
        if option is None:
            return word
        choices = option.type.choices if isinstance(option.type, click.Choice) else None
        if choices and value not in choices and not PLACEHOLDER.fullmatch(value):
            return f"{word} {value}"
    return None


def options_of(command):
    """Options by flag, `--no-...` too."""
    shown_help = click.Option(["-h", "--help"], is_flag=True)
    return {flag: one for one in [*command.params, shown_help] for flag in [*one.opts, *one.secondary_opts]}


def flags_of(app):
    """Every flag of every command of an app, nested ones too."""
    queue, flags = [script(app)], {"--debug"}
    while queue:
        command = queue.pop()
        queue += command.commands.values() if isinstance(command, click.Group) else ()
        flags |= set(options_of(command))
    return flags


def parses(code):
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


@every_document
def test_python_blocks_parse(document):
    unparsed = [text for language, text in blocks(document) if language == "python" and not parses(text)]
    assert unparsed == []


@every_document
def test_commands_flags_modules_and_extras_that_a_document_names_exist(document):
    assert [found for words in commands(document) if (found := missing(words))] == []


@pytest.mark.parametrize("app", APPS)
def test_flags_that_the_documents_of_an_app_name_in_passing_exist(app):
    guides = [ROOT / f"apps/{app}/README.md", ROOT / f"docs/guide-{app}.md"]
    named = {flag for path in guides for code in inline_codes(path) for flag in re.findall(r"^--[a-z-]+", code)}
    assert sorted(named - flags_of(app)) == []


def test_flags_of_the_common_guide_belong_to_every_app():
    named = {flag for code in inline_codes(ROOT / "docs/running.md") for flag in re.findall(r"^--[a-z-]+", code)}
    of_some = {"--annotations", "--backend", "--base-url", "--entities", "--eval-data", "--launch", "--spacy-model"}
    of_some |= {"--images", "--temperature", "--weights"}
    assert {app: sorted(named - of_some - flags_of(app)) for app in APPS} == {app: [] for app in APPS}
    assert sorted(of_some - set().union(*map(flags_of, APPS))) == []


@every_document
def test_links_and_pictures_of_a_document_are_there(document):
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    targets += re.findall(r'(?:src|srcset|href)="([^"]+)"', prose(document))
    files = [target.partition("#")[0] for target in targets if not re.match("https?:|#", target)]
    assert [name for name in files if not (document.parent / name).exists()] == []


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
    assert missing(["cvc", "nonsense", "RUN"]) == "cvc nonsense"
    assert missing(["uv", "run", "cvc", "run", "--nonsense", "1"]) == "cvc run --nonsense"
    assert missing(["cvc", "run", "--engine", "nonsense"]) == "cvc run --engine nonsense"
    assert missing(["cvc", "run", "--engine", "ray", "--out", "RUN"]) is None
    assert missing(["cvc", "STEP", "--out", "RUN"]) is None
    (tmp_path / "README.md").write_text(
        "Use `pip install box-space`.\n\n```\n$ uv run a \\\n  b && pip install c # d\n```\n"
    )
    assert sorted(commands(tmp_path / "README.md")) == [
        ["pip", "install", "box-space"],
        ["pip", "install", "c"],
        ["uv", "run", "a", "b"],
    ]
