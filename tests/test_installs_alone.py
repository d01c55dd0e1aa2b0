"""Every package builds, and works alone in a clean environment outside the workspace, with siblings as built."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = {
    path.parent: tomllib.loads(path.read_text())["project"]
    for folder in ("packages", "apps")
    for path in sorted((ROOT / folder).glob("*/pyproject.toml"))
}
PACKAGES = [project for folder, project in PROJECTS.items() if folder.parent.name == "packages"]
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
    run("uv", "build", "--all-packages", "--wheel", "--quiet", "--out-dir", folder, cwd=ROOT)
    built = {project["name"]: wheel_of(project, folder) for project in PROJECTS.values()}
    lines = [f"{name} @ {wheel.as_uri()}" for name, wheel in built.items()]
    (folder / "constraints.txt").write_text("\n".join(lines) + "\n")
    return folder


def wheel_of(project, folder):
    (wheel,) = folder.glob(f"{project['name'].replace('-', '_')}-{project['version']}-*.whl")
    return wheel


def install(project, wheels, extras="", *options):
    """The command that installs one built wheel into the environment .venv of the working folder."""
    target = f"{project['name']}{extras} @ {wheel_of(project, wheels).as_uri()}"
    constraints = ("--constraints", wheels / "constraints.txt", "--find-links", wheels)
    return ("uv", "pip", "install", "--python", ".venv", *constraints, *options, target)


@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
@pytest.mark.parametrize("project", PACKAGES, ids=[project["name"] for project in PACKAGES])
def test_a_package_installs_alone_and_imports(project, resolution, wheels, tmp_path):
    run("uv", "venv", "--quiet", ".venv", cwd=tmp_path)
    outside = [line for line in project["dependencies"] if re.match(r"[\w-]+", line).group() not in NAMES]
    run(*install(project, wheels, "", "--resolution", resolution, *outside), cwd=tmp_path)
    name = project["name"].replace("-", "_")
    script = f"import {name}; [getattr({name}, public) for public in {name}.__all__]; print({name}.__file__)"
    shown = run(tmp_path / ".venv/bin/python", "-I", "-c", script, cwd=tmp_path)
    assert shown.startswith(str(tmp_path / ".venv"))
    for console_script in project.get("scripts", {}):
        assert (tmp_path / ".venv/bin" / console_script).is_file()


@pytest.mark.parametrize("project", PROJECTS.values(), ids=[project["name"] for project in PROJECTS.values()])
def test_a_member_resolves_with_all_its_extras_and_only_the_ranges_that_it_declares(project, wheels, tmp_path):
    run("uv", "venv", "--quiet", ".venv", cwd=tmp_path)
    extras = ",".join(project.get("optional-dependencies", {}))
    shown = run(*install(project, wheels, f"[{extras}]" if extras else "", "--dry-run"), cwd=tmp_path)
    sources = dict(re.findall(r"^ \+ ([\w-]+)(.*)$", shown, re.MULTILINE))  # name -> "==1.2" or " @ file://..."
    assert project["name"] in sources
    for name in NAMES & set(sources):
        assert wheels.as_uri() in sources[name]
