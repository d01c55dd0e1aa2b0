"""A workspace of box-a, and of b which uses it; git in it, and releases of it."""

import subprocess

import pytest
from releasing import Asked, ReleaseError, make_release

WORKSPACE = """
[project]
name = "all"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["b>=0.1,<0.2"]

[tool.uv]
package = false

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
box-a = { workspace = true }
b = { workspace = true }
"""
MEMBER = """
[project]
name = "NAME"
version = "0.1.0"
description = "A package."
readme = "README.md"
requires-python = ">=3.11"
license = "Apache-2.0"
license-files = ["LICENSE"]
dependencies = [NEEDS]

[build-system]
requires = ["uv_build>=0.9,<0.14"]
build-backend = "uv_build"
"""
A, B = "packages/box-a", "packages/b"
INIT = f"{A}/src/box_a/__init__.py"
CHANGELOG = "# Changelog\n\n## Unreleased\n\n- You can.\n"
FILES = {
    "pyproject.toml": WORKSPACE,
    ".gitignore": "dist/\n__pycache__/\n",
    f"{A}/pyproject.toml": MEMBER.replace("NAME", "box-a").replace("NEEDS", ""),
    INIT: '"""A."""\n\n__all__ = ["area", "edge"]\n\n\ndef area(w, h): ...\n\n\ndef edge(w): ...\n',
    f"{B}/pyproject.toml": MEMBER.replace("NAME", "b").replace("NEEDS", "'box-a>=0.1,<0.2', # why\n"),
    f"{B}/src/b/__init__.py": '"""B."""\n\nfrom box_a import area\n\n__all__ = ["area"]\n',
} | {
    f"{folder}/{name}": text
    for folder, module in ((A, "box_a"), (B, "b"))
    for name, text in {
        "README.md": "# x\n",
        "CHANGELOG.md": CHANGELOG,
        "LICENSE": "Do.\n",
        f"src/{module}/py.typed": "",
    }.items()
}
WITHOUT_EDGE = {INIT: '"""A."""\n\n__all__ = ["area"]\n\n\ndef area(w, h): ...\n'}


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(root, files):
    write(root, files)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "work")


def release(root, name, part, **options):
    """Make a release and return what it says."""
    said = []
    make_release(root, Asked(name, part, **options), said.append)
    return "\n".join(said)


def state(root):
    """Everything that a release could change: files, commits, branches, tags, worktrees."""
    files = {
        str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and ".git" not in path.parts
    }
    return (
        files,
        git(root, "log", "--all"),
        git(root, "for-each-ref"),
        git(root, "worktree", "list"),
        git(root, "status"),
    )


def refused(root, name, part, **options):
    """The error of a release that is refused; the repository is as before."""
    before = state(root)
    with pytest.raises(ReleaseError) as caught:
        release(root, name, part, **options)
    assert state(root) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)
