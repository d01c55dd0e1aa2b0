"""The Python blocks of a README: the first runs, and every name that any of them imports must exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from distributions.environments import Environment

from standing_alone.errors import StepError

EXAMPLE = """
import ast

code = {code!r}
names = {{"__name__": "__main__"}}
for statement in ast.parse(code).body:
    comment = code.splitlines()[statement.end_lineno - 1].rpartition("#")[2]
    try:
        exec(compile(ast.Module([statement], []), "README.md", "exec"), names)
    except Exception as error:
        if type(error).__name__ not in comment:  # an error that the comment announces is part of the example
            raise
    else:
        assert "Error," not in comment, f"README says that this raises: {{comment}}"
"""

LOOK_UP = """
import importlib

def lacks_an_extra(error):
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return error.name.partition(".")[0] != {package!r}
        error = error.__cause__ or error.__context__
    return False

for module, name in {named!r}:
    try:
        found = importlib.import_module(module)
    except Exception as error:
        if not lacks_an_extra(error):
            raise
    else:
        if name and not hasattr(found, name):
            importlib.import_module(module + "." + name)
"""


def python_blocks(readme: Path) -> list[str]:
    """Return the text of each block marked python."""
    return re.findall(r"^```python[^\n]*\n(.*?)^```", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def imported_names(code: str, package: str) -> Iterator[tuple[str, str]]:
    """Yield module and name of what a block imports from a package; no name for a plain import.

    >>> list(imported_names("import numpy\\nfrom box_space import Box, iou", "box_space"))
    [('box_space', 'Box'), ('box_space', 'iou')]
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == package:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names if one.name.partition(".")[0] == package)


def run_example(environment: Environment, readme: Path) -> None:
    """Run the first block, statement by statement, in an empty folder.

    An error is as it should be where the comment behind the statement names its type.

    Raises:
        CommandError: it fails.
        StepError: there is none.
    """
    blocks = python_blocks(readme)
    if not blocks:
        raise StepError(f"{readme.name} has no block marked python")
    folder = environment.folder / "example"
    folder.mkdir(exist_ok=True)
    environment.script(EXAMPLE.format(code=blocks[0]), folder=folder)


def look_up_names(environment: Environment, readme: Path, package: str) -> int:
    """Look up every name of the package that the blocks import, and return how many there are.

    Raises:
        CommandError: one does not exist.
    """
    named = [one for code in python_blocks(readme) for one in imported_names(code, package)]
    environment.script(LOOK_UP.format(named=named, package=package))
    return len(named)
