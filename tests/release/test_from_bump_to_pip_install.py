"""Releases of a clone of this workspace, installed into another project from an index."""

import shutil
import subprocess
import sys

import pytest
from releasing.changelog import add_line

from ..workspace import ROOT
from .index_server import index_server
from .small_workspace import commit, git, write


@pytest.fixture
def clone(tmp_path):
    """A clone of this workspace, with what is not committed here yet."""
    root = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch", "main", ROOT, root)
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    for name in filter(None, git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).unlink(missing_ok=True)
        if (ROOT / name).is_file():
            shutil.copy2(ROOT / name, root / name)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "work")
    for tag in git(root, "tag").split():
        git(root, "tag", "--delete", tag)
    return root


def other_project(folder, index, requirement):
    """Install a requirement into a project elsewhere, as its author would, and return the versions that it imports."""
    folder.mkdir()
    write(folder, {"pyproject.toml": f'[project]\nname = "o"\nversion = "1"\ndependencies = ["{requirement}"]\n'})
    show = (
        "import box_space, run_report, importlib.metadata as m; print(m.version('box-space'), m.version('run-report'))"
    )
    for command in (
        ("uv", "venv", "--quiet", "--no-project", "--python", sys.executable, ".venv"),
        ("uv", "pip", "install", "--quiet", "--python", ".venv", "--refresh", "--index", index, "-r", "pyproject.toml"),
        (".venv/bin/python", "-I", "-c", show),
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_from_bump_to_pip_install_of_the_released_wheels_into_another_project(clone, tmp_path):
    def call(*arguments, status=0):
        done = subprocess.run([sys.executable, "tools/release", *arguments], cwd=clone, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    assert "Release box-space first." in call("run-report", "first", status=1)
    call("box-space", "first")
    call("run-report", "first")

    source = clone / "packages/box-space/src/box_space/__init__.py"
    source.write_text(source.read_text().replace('    "iou",\n', ""))
    log = clone / "packages/box-space/CHANGELOG.md"
    commit(clone, {log: add_line(log.read_text(), "- `iou` is gone.")})
    assert "`iou`: Name is not in __all__ any more" in call("box-space", "patch", status=1)
    said = call("box-space", "minor", "--allow-breaking")
    assert "packages/run-report/pyproject.toml: box-space>=0.1,<0.2 -> box-space>=0.2,<0.3" in said
    assert "beside box-space 0.2.0" in call("run-report", "patch")

    with index_server(clone / "dist", tmp_path) as index:
        assert other_project(tmp_path / "new", index, "run-report>=0.1,<0.2") == ["0.2.0", "0.1.1"]
        assert other_project(tmp_path / "old", index, "run-report==0.1.0") == ["0.1.0", "0.1.0"]
    assert git(clone, "tag").split() == [
        "box-space-v0.1.0",
        "box-space-v0.2.0",
        "run-report-v0.1.0",
        "run-report-v0.1.1",
    ]
