"""What every member must have: README, CHANGELOG, py.typed, and exported names that a test pins."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workspace_rules.members import Member


def part_problems(members: list[Member]) -> Iterator[str]:
    """Yield missing or stale parts."""
    for member in members:
        folder = member.shown(member.folder)
        yield from (f"{folder}: has no {name}." for name in _missing_files(member))
        yield from (f"{folder}/CHANGELOG.md: {problem}" for problem in _changelog_problems(member))
        if not member.is_app:
            yield from (f"{folder}/src/{member.import_name}/__init__.py: {problem}" for problem in _names(member))


def _missing_files(member: Member) -> Iterator[str]:
    readme = member.folder / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8").strip():
        yield "README.md, or an empty one"
    if not (member.package_dir / "py.typed").is_file():
        yield f"src/{member.import_name}/py.typed"


def _changelog_problems(member: Member) -> Iterator[str]:
    path = member.folder / "CHANGELOG.md"
    heads = re.findall(r"^## (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE) if path.is_file() else []
    if not {"Unreleased", member.version} & set(heads):
        yield f"needs a heading '## Unreleased' or '## {member.version}'."


def _names(member: Member) -> Iterator[str]:
    init = member.package_dir / "__init__.py"
    names = _exported(init.read_text(encoding="utf-8")) if init.is_file() else None
    if names is None:
        yield "needs __all__, a list of strings."
        return
    if len(set(names)) < len(names):
        yield f"__all__ names {', '.join(sorted({name for name in names if names.count(name) > 1}))} twice."
    tests = (member.folder / "tests").rglob("*.py")
    if not any("__all__" in path.read_text(encoding="utf-8") for path in tests):
        yield "no test in tests/ pins __all__."


def _exported(source: str) -> list[str] | None:
    """The literal value of `__all__`, or None."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            value = node.value
            if isinstance(value, (ast.List, ast.Tuple)) and all(isinstance(name, ast.Constant) for name in value.elts):
                return list(ast.literal_eval(value))
    return None
