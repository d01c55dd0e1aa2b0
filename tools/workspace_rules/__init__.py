"""The rules of the workspace, each a function from members or files to one-line problems."""

from __future__ import annotations

from pathlib import Path

from workspace_rules.edges import edge_problems, range_problems
from workspace_rules.heavy import heavy_import_problems
from workspace_rules.members import read_members
from workspace_rules.parts import part_problems
from workspace_rules.texts import text_problems

__all__ = ["problems_of"]


def problems_of(root: Path) -> list[str]:
    """Return every broken rule of the workspace at `root`, one line each."""
    members = read_members(root)
    if not members:
        return [f"{root}: no packages/*/pyproject.toml and no apps/*/pyproject.toml; give the workspace's root."]
    problems = [*edge_problems(members), *range_problems(members), *part_problems(members)]
    return [*problems, *heavy_import_problems(members), *text_problems(root)]
