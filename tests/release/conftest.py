"""The small workspace as it is before a release."""

import shutil

import pytest

from .small_workspace import FILES, commit, git, write


@pytest.fixture(scope="module")
def never_changed(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace") / "w"
    write(root, FILES)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    commit(root, {})
    return root


@pytest.fixture
def root(never_changed, tmp_path):
    """A workspace of box-a, which was released as 0.1.0, and of b, which uses it and was never released."""
    shutil.copytree(never_changed, tmp_path / "w")
    git(tmp_path / "w", "tag", "box-a-v0.1.0")
    return tmp_path / "w"
