"""tools/check holds on a good small workspace, and each of its rules fires on a bad one."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[1] / "tools/check"

PYPROJECT = """
[project]
name = "{name}"
version = "0.1.0"
dependencies = {dependencies}
"""

GOOD = {
    "packages/box-a/pyproject.toml": PYPROJECT.format(name="box-a", dependencies=["numpy>=2.0,<3"]),
    "packages/box-a/src/box_a/__init__.py": (
        '"""A."""\n\n__all__ = ["area"]\n\n\ndef area():\n    """B."""\n    import numpy\n'
    ),
    "packages/box-a/tests/test_names.py": 'import box_a\n\n\ndef test():\n    assert box_a.__all__ == ["area"]\n',
    "packages/b/pyproject.toml": PYPROJECT.format(name="b", dependencies=["box-a[x]>=0.1,<0.2"]),
    "packages/b/src/b/__init__.py": '"""B."""\n\nfrom box_a import area\n\n__all__ = ["area"]\n',
    "packages/b/tests/test_names.py": "import b\n\n\ndef test():\n    assert b.__all__\n",
    "apps/app/pyproject.toml": PYPROJECT.format(name="app", dependencies=["b~=0.1.0"]),
    "apps/app/src/app/__init__.py": '"""C."""\n\nimport b\n',
    "apps/other/pyproject.toml": PYPROJECT.format(name="other", dependencies=[]),
    "apps/other/src/other/__init__.py": '"""D."""\n',
    ".gitignore": "uv.lock\n",
} | {
    f"{folder}/{name}": text
    for folder, module in {
        "packages/box-a": "box_a",
        "packages/b": "b",
        "apps/app": "app",
        "apps/other": "other",
    }.items()
    for name, text in {"README.md": "# x\n", "CHANGELOG.md": "## Unreleased\n", f"src/{module}/py.typed": ""}.items()
}

A, B = "packages/box-a/src/box_a/__init__.py", "packages/b/pyproject.toml"
HOST = "https://" + "files.example.org/a.whl"
PATHS = ["/" + "work/x", "/" + "root/x", "/" + "home/ann/x", "/" + "Users/ann/x"]


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check(root, changed=None, *, removed=()):
    """Write the good workspace with some files changed, and return exit status and lines of tools/check."""
    write(root, GOOD | (changed or {}))
    for name in removed:
        (root / name).unlink()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    done = subprocess.run([sys.executable, str(CHECK), str(root)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_a_good_workspace_passes(tmp_path):
    assert check(tmp_path) == (0, ["workspace rules: all hold"])


BAD = [
    ({A: GOOD[A] + "    import torch_x.nn\n"}, f"{A}:9: imports torch_x, but pyproject.toml does not declare torch-x."),
    ({A: GOOD[A] + "    import PIL\n"}, f"{A}:9: imports PIL, but pyproject.toml does not declare pillow."),
    (
        {A: GOOD[A] + "    import importlib\n    importlib.import_module('yaml')\n"},
        f"{A}:10: imports yaml, but pyproject.toml does not declare pyyaml.",
    ),
    ({A: GOOD[A] + "    import b\n"}, f"{A}:9: imports b, but pyproject.toml does not declare b."),
    ({A: GOOD[A] + "    import app\n"}, f"{A}:9: box-a must not use app: packages never import apps."),
    (
        {"apps/other/src/other/__init__.py": '"""D."""\n\nimport app\n'},
        "apps/other/src/other/__init__.py:3: other must not use app: apps never import apps.",
    ),
    (
        {"packages/b/tests/test_x.py": "import app\n"},
        "packages/b/tests/test_x.py:1: b must not use app: packages never import apps.",
    ),
    (
        {B: PYPROJECT.format(name="b", dependencies=["box-a>=0.1,<0.2", "app>=0.1,<0.2"])},
        f"{B}: b must not use app: packages never import apps.",
    ),
    (
        {B: PYPROJECT.format(name="b", dependencies=["box-a"])},
        f"{B}: box-a needs a lower and an upper bound, such as box-a>=0.1,<0.2.",
    ),
    (
        {B: PYPROJECT.format(name="b", dependencies=["box-a>=0.1"])},
        f"{B}: box-a>=0.1 needs a lower and an upper bound, such as box-a>=0.1,<0.2.",
    ),
    (
        {B: PYPROJECT.format(name="b", dependencies=["box-a>=0.2,<0.3"])},
        f"{B}: box-a<0.3,>=0.2 excludes the workspace's own box-a 0.1.0.",
    ),
    (
        {A: '"""A."""\n\nimport spacy\n\n__all__ = ["spacy"]\n', "packages/box-a/src/spacy.py": ""},
        "packages/box-a: import box_a loads spacy; import it inside the function that needs it.",
    ),
    (
        {A: '"""A."""\n\n__all__ = ["area"]\n\narea = 1 / 0\n'},
        "packages/box-a: import box_a fails: ZeroDivisionError: division by zero",
    ),
    ({"packages/b/README.md": " \n"}, "packages/b: has no README.md, or an empty one."),
    ({"apps/app/CHANGELOG.md": "## 0.0.9\n"}, "apps/app/CHANGELOG.md: needs a heading '## Unreleased' or '## 0.1.0'."),
    ({A: '"""A."""\n\narea = 1\n'}, f"{A}: needs __all__, a list of strings."),
    ({A: '"""A."""\n\n__all__ = ["area", "area"]\n\narea = 1\n'}, f"{A}: __all__ names area twice."),
    ({"packages/b/tests/test_names.py": ""}, "packages/b/src/b/__init__.py: no test in tests/ pins __all__."),
    ({"notes.md": f"a\nsee {HOST}\n"}, f"notes.md:2: names a package host: {HOST[:14]}"),
    ({"notes.md": "cdn.python" + "hosted.org\n"}, "notes.md:1: names a package host: python" + "hosted"),
    (
        {"notes.md": "in " + "/" + "tmp/x\n"},
        "notes.md:1: names a fixed temporary path; use tempfile or mktemp: /" + "tmp/",
    ),
]


@pytest.mark.parametrize(("changed", "line"), BAD, ids=[line for _, line in BAD])
def test_each_rule_fires(tmp_path, changed, line):
    status, lines = check(tmp_path, changed)
    assert status == 1
    assert line in lines


@pytest.mark.parametrize("path", PATHS)
def test_paths_of_one_machine_are_found_in_tests_too_but_not_inside_other_paths(tmp_path, path):
    status, lines = check(
        tmp_path, {"tests/test_x.py": f"# {path}\n", "fine.md": f"a{path} https://example.org{path}\n"}
    )
    assert (status, lines[-1]) == (1, "workspace rules: 1 broken")
    assert lines[0].startswith("tests/test_x.py:1: names a path of one machine: ")


def test_a_tracked_lock_file_is_found(tmp_path):
    check(tmp_path, {"uv.lock": HOST})
    assert check(tmp_path)[0] == 0
    subprocess.run(["git", "-C", str(tmp_path), "add", "-f", "uv.lock"], check=True)
    status, lines = check(tmp_path)
    assert status == 1
    assert lines[0].startswith("uv.lock: must not be tracked")


def test_missing_files_are_found(tmp_path):
    status, lines = check(tmp_path, removed=["packages/b/src/b/py.typed", "packages/b/CHANGELOG.md"])
    assert (status, len(lines)) == (1, 3)
    assert lines[0] == "packages/b: has no src/b/py.typed."


def test_a_folder_that_is_no_workspace_is_refused(tmp_path):
    done = subprocess.run([sys.executable, str(CHECK), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "give the workspace's root" in done.stdout
