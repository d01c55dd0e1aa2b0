"""Who may import whom: packages never apps, apps never each other, and nothing that pyproject.toml does not declare."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from workspace_rules.members import Member, normalised

DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Imports whose distribution has another name; the rest are found by normalising."""


def imports_of(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and top-level name of every absolute import, in functions and `import_module("name")` too.

    >>> list(imports_of("import numpy.linalg\\ndef f():\\n    from torch import nn"))
    [(1, 'numpy'), (3, 'torch')]
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
                yield node.lineno, name.value.partition(".")[0]


def script_requirements(source: str) -> list[Requirement]:
    """What a script with an environment of its own declares in its inline metadata (PEP 723).

    >>> script_requirements('# /// script\\n# dependencies = ["mmdet==3.3.0"]\\n# ///\\nimport mmdet')
    [<Requirement('mmdet==3.3.0')>]
    """
    block = re.search(r"(?m)^# /// script$\n((?:^#(?:| .*)$\n)+)^# ///$", source)
    if block is None:
        return []
    text = "".join(line[2:] if line.startswith("# ") else line[1:] for line in block[1].splitlines(keepends=True))
    return [Requirement(one) for one in tomllib.loads(text).get("dependencies", [])]


def edge_problems(members: list[Member]) -> Iterator[str]:
    """Yield imports and dependencies that the workspace does not allow."""
    by_import = {member.import_name: member for member in members}
    by_name = {member.name: member for member in members}
    for member in members:
        for requirement in member.requirements:
            target = by_name.get(normalised(requirement.name))
            if target and _forbidden(member, target):
                yield f"{member.shown(member.folder)}/pyproject.toml: {_forbidden(member, target)}"
        for path in sorted((member.folder / "src").rglob("*.py")):
            yield from _problems_in(path, member, by_import, declared_only=True)
        for path in sorted((member.folder / "tests").rglob("*.py")):
            yield from _problems_in(path, member, by_import, declared_only=False)


def _problems_in(path: Path, member: Member, by_import: dict[str, Member], *, declared_only: bool) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    requirements = [*member.requirements, *script_requirements(source)]
    declared = {normalised(requirement.name) for requirement in requirements}
    for line, name in imports_of(source):
        if name == member.import_name or name in sys.stdlib_module_names:
            continue
        target = by_import.get(name)
        distribution = target.name if target else DISTRIBUTIONS.get(name, normalised(name))
        if target and _forbidden(member, target):
            yield f"{member.shown(path)}:{line}: {_forbidden(member, target)}"
        elif declared_only and distribution not in declared:
            yield f"{member.shown(path)}:{line}: imports {name}, but pyproject.toml does not declare {distribution}."


def _forbidden(member: Member, target: Member) -> str:
    """Why the edge is not allowed; empty when it is."""
    if target.is_app and target is not member:
        return f"{member.name} must not use {target.name}: {'apps' if member.is_app else 'packages'} never import apps."
    return ""


def range_problems(members: list[Member]) -> Iterator[str]:
    """Yield dependencies without a lower and an upper bound, and siblings whose version lies outside the range."""
    versions = {member.name: member.version for member in members}
    for member in members:
        for requirement in member.requirements:
            where, name = f"{member.shown(member.folder)}/pyproject.toml", normalised(requirement.name)
            if name == member.name:
                continue
            if not _is_ranged(requirement):
                yield f"{where}: {requirement} needs a lower and an upper bound, such as {name}>=0.1,<0.2."
            elif name in versions and not requirement.specifier.contains(versions[name], prereleases=True):
                yield f"{where}: {requirement} excludes the workspace's own {name} {versions[name]}."


def _is_ranged(requirement: Requirement) -> bool:
    operators = {specifier.operator for specifier in requirement.specifier}
    return bool(operators & {"==", "~=", "==="} or (operators & {">=", ">"} and operators & {"<", "<="}))
