"""This workspace as its pyproject files have it."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools"


def _projects(kind):
    return [tomllib.loads(path.read_text())["project"] for path in sorted(ROOT.glob(f"{kind}/*/pyproject.toml"))]


PACKAGE_PROJECTS, APP_PROJECTS = _projects("packages"), _projects("apps")
PROJECTS = [*PACKAGE_PROJECTS, *APP_PROJECTS]
PACKAGES = [project["name"] for project in PACKAGE_PROJECTS]
APPS = [project["name"] for project in APP_PROJECTS]
