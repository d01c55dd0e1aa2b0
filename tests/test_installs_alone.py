"""Every package builds, and works alone in a clean environment outside the workspace, with siblings as built.

`uv run tools/check alone` does the same with each package's own tests, on every Python that is installed.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = {
    path.parent: tomllib.loads(path.read_text())["project"]
    for folder in ("packages", "apps")
    for path in sorted((ROOT / folder).glob("*/pyproject.toml"))
}
PACKAGES = [project["name"] for folder, project in PROJECTS.items() if folder.parent.name == "packages"]
NAMES = {project["name"] for project in PROJECTS.values()}

pytestmark = pytest.mark.slow


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Folder with a wheel of every member, and a constraints file that names each of them.

    The constraints keep an index's package of the same name from standing in for a sibling; ranges still count.
    """
    folder = tmp_path_factory.mktemp("wheels")
    run("uv", "build", "--all-packages", "--wheel", "--no-sources", "--quiet", "--out-dir", folder, cwd=ROOT)
    built = {project["name"]: wheel_of(project, folder) for project in PROJECTS.values()}
    lines = [f"{name} @ {wheel.as_uri()}" for name, wheel in built.items()]
    (folder / "constraints.txt").write_text("\n".join(lines) + "\n")
    return folder


def wheel_of(project, folder):
    (wheel,) = folder.glob(f"{project['name'].replace('-', '_')}-{project['version']}-*.whl")
    return wheel


@pytest.mark.parametrize("resolution", ["newest", "lowest"])
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_installs_alone_imports_and_does_what_its_readme_says(name, resolution, wheels, tmp_path):
    options = ["--python", sys.executable, "--resolution", resolution, "--wheels", wheels, "--no-tests"]
    options += ["--bar", "0.6"]  # CI does other work beside
    table = ["--check-table"] if resolution == "newest" else []
    run(sys.executable, ROOT / "tools/check", "alone", name, *options, *table, cwd=tmp_path)


@pytest.mark.parametrize("project", PROJECTS.values(), ids=[project["name"] for project in PROJECTS.values()])
def test_a_member_resolves_with_all_its_extras_and_only_the_ranges_that_it_declares(project, wheels, tmp_path):
    run("uv", "venv", "--quiet", ".venv", cwd=tmp_path)
    extras = ",".join(project.get("optional-dependencies", {}))
    target = f"{project['name']}{f'[{extras}]' if extras else ''} @ {wheel_of(project, wheels).as_uri()}"
    constraints = ("--constraints", wheels / "constraints.txt", "--find-links", wheels)
    shown = run("uv", "pip", "install", "--python", ".venv", *constraints, "--dry-run", target, cwd=tmp_path)
    sources = dict(re.findall(r"^ \+ ([\w-]+)(.*)$", shown, re.MULTILINE))  # name -> "==1.2" or " @ file://..."
    assert project["name"] in sources
    for name in NAMES & set(sources):
        assert wheels.as_uri() in sources[name]
