"""Every package builds, and works alone in a clean environment outside the workspace, with siblings as built.

`uv run tools/check alone` does the same with each package's own tests, on every Python that is installed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from distributions.environments import Environment
from distributions.wheels import build_wheels, constraints
from standing_alone.suite_needs import suite_of

from .workspace import PACKAGES, PROJECTS, TOOLS

NAMES = {project["name"] for project in PROJECTS}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheel of every member by its name, all in one folder."""
    return build_wheels(TOOLS.parent, tmp_path_factory.mktemp("wheels"))


@pytest.mark.parametrize("resolution", ["newest", "lowest"])
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_installs_alone_imports_and_does_what_its_readme_says(name, resolution, wheels, tmp_path):
    options = ["--python", sys.executable, "--resolution", resolution, "--wheels", wheels[name].path.parent]
    options += ["--no-tests", "--json", "--bar", "0.6"]  # CI does other work beside
    options += ["--check-table"] if resolution == "newest" else []
    command = [sys.executable, TOOLS / "check", "alone", name, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["problems"] == []
    (outcome,) = said["outcomes"]
    assert (outcome["package"], outcome["resolution"]) == (name, resolution)
    assert 0 < outcome["import_s"] <= 0.6
    if suite_of(name).example in ("core", "extras"):
        assert outcome["example"] == "ran"
    else:
        assert outcome["example"].startswith("left out: needs ")


@pytest.mark.parametrize("project", PROJECTS, ids=[project["name"] for project in PROJECTS])
def test_a_member_resolves_with_all_its_extras_and_only_the_ranges_that_it_declares(project, wheels, tmp_path):
    wheel = wheels[project["name"]]
    environment = Environment(tmp_path / "here", Path(sys.executable))
    (tmp_path / "constraints.txt").write_text("\n".join(constraints(wheels.values())) + "\n")
    command = ["uv", "pip", "install", "--python", environment.python, "--constraints", "constraints.txt", "--dry-run"]
    target = wheel.target(project.get("optional-dependencies", {}))
    done = subprocess.run([*command, target], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sources = dict(re.findall(r"^ \+ ([\w-]+)(.*)$", done.stderr, re.MULTILINE))  # name -> "==1.2" or " @ file://..."
    assert project["name"] in sources
    for name in NAMES & set(sources):
        assert wheel.path.parent.as_uri() in sources[name]
