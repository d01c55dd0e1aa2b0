"""What stands in the way of a release, and that the repository is as before."""

import subprocess

import pytest
from distributions.commands import CommandError
from releasing.repository import take_over

from .index_server import index_server
from .small_workspace import FILES, INIT, MEMBER, WITHOUT_EDGE, A, B, commit, git, refused, release, write


def test_uncommitted_files_are_refused(root):
    write(root, {f"{A}/README.md": "# y\n", "new.txt": ""})
    said = refused(root, "box-a", "minor")
    assert said == f"uncommitted changes: {A}/README.md and 1 more. Commit them or put them away."


def test_another_branch_is_refused_unless_it_is_named(root):
    git(root, "switch", "--quiet", "--create", "fix")
    assert refused(root, "box-a", "minor").startswith(
        "a release is made on main; fix is checked out. Run git switch main"
    )
    assert refused(root, "box-a", "first", branch="fix").startswith("box-a was released before")


def test_an_unknown_package_gets_the_nearest_name(root):
    assert refused(root, "box-b", "minor") == "no package box-b in this workspace. Did you mean box-a?"
    assert refused(root, "zzz", "minor") == "no package zzz in this workspace. There are b, box-a."


def test_a_changelog_without_new_lines_is_refused(root):
    commit(root, {f"{A}/CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-01-02)\n\n- You can.\n"})
    assert refused(root, "box-a", "minor").startswith(f"{A}/CHANGELOG.md: nothing stands under '## Unreleased'. Write")
    commit(root, {f"{A}/CHANGELOG.md": "# Changelog\n"})
    assert refused(root, "box-a", "minor").startswith(f"{A}/CHANGELOG.md: no heading '## Unreleased'. Add it")


@pytest.mark.parametrize("part", ["patch", "minor"])
def test_a_broken_public_name_is_refused_below_a_major_release(root, part):
    commit(root, WITHOUT_EDGE)
    said = refused(root, "box-a", part)
    assert said.startswith(f"a {part} release must not break callers; 1 changes may, first `edge`: Name is not in")


def test_a_tag_on_another_branch_is_not_overwritten(root):
    git(root, "switch", "--quiet", "--create", "fix")
    commit(root, {"x": ""})
    git(root, "tag", "box-a-v0.2.0")
    git(root, "switch", "--quiet", "main")
    assert refused(root, "box-a", "minor").startswith(
        "the tag box-a-v0.2.0 exists, on a commit that is not in this branch"
    )


def test_a_branch_that_moved_on_meanwhile_gets_neither_the_commit_nor_the_tag(root):
    git(root, "switch", "--quiet", "--create", "released")
    commit(root, {"x": "1"})
    released = git(root, "rev-parse", "HEAD").strip()
    git(root, "switch", "--quiet", "main")
    commit(root, {"x": "2"})
    before = git(root, "rev-parse", "HEAD")
    with pytest.raises(CommandError, match="git merge --quiet failed"):
        take_over(root, released, "box-a-v0.2.0", "box-a 0.2.0")
    assert git(root, "rev-parse", "HEAD") == before
    assert git(root, "tag").split() == ["box-a-v0.1.0"]


def test_first_is_for_the_first_release_alone(root):
    said = refused(root, "box-a", "first")
    assert said == "box-a was released before (box-a-v0.1.0). Take patch, minor or major."


def test_a_version_that_was_raised_by_hand_is_refused(root):
    commit(root, {f"{A}/pyproject.toml": FILES[f"{A}/pyproject.toml"].replace("0.1.0", "0.2.0")})
    said = refused(root, "box-a", "minor")
    assert said.startswith(f"{A}/pyproject.toml has version 0.2.0, the last tag is box-a-v0.1.0. Set it back to 0.1.0")


def test_a_sibling_must_be_released_first(root):
    git(root, "tag", "--delete", "box-a-v0.1.0")
    assert refused(root, "b", "first") == (
        "b needs box-a<0.2,>=0.1, and no release is in that range. Release box-a first."
    )


def test_a_released_sibling_with_an_older_range_must_be_released_anew(root):
    git(root, "tag", "b-v0.1.0")
    release(root, "box-a", "minor")
    c = {name.replace("/b", "/c"): text for name, text in FILES.items() if f"{B}/" in name}
    needs = "'b>=0.1,<0.2', 'box-a>=0.2,<0.3'"
    c["packages/c/pyproject.toml"] = MEMBER.replace("NAME", "c").replace("NEEDS", needs)
    commit(root, c)
    assert refused(root, "c", "first") == "b 0.1.0 needs box-a<0.2,>=0.1, not 0.2.0. Release b first."


def test_a_package_of_an_index_does_not_stand_in_for_a_sibling_that_was_not_released(root, tmp_path, monkeypatch):
    git(root, "tag", "--delete", "box-a-v0.1.0")
    subprocess.run(
        ["uv", "build", "--quiet", "--package", "box-a", "--out-dir", tmp_path / "dist"], cwd=root, check=True
    )
    extra = '\n[project.optional-dependencies]\nx = ["box-a>=0.1,<0.2"]\n'
    c = {name.replace("/b", "/c"): text for name, text in FILES.items() if f"{B}/" in name}
    c |= {
        f"{B}/pyproject.toml": MEMBER.replace("NAME", "b").replace("NEEDS", "") + extra,
        "packages/c/pyproject.toml": MEMBER.replace("NAME", "c").replace("NEEDS", "'b[x]>=0.1,<0.2'"),
    }
    commit(root, c)
    git(root, "tag", "b-v0.1.0")
    with index_server(tmp_path / "dist", tmp_path) as index:
        monkeypatch.setenv("UV_INDEX", index)
        said = refused(root, "c", "first")
    assert said.endswith("box-a came from a package index, where it may be something else. Release box-a first.")


def test_a_wheel_that_is_not_fit_is_refused_with_everything_that_is_wrong(root):
    home = "/" + "root/x"
    bad = {
        INIT: FILES[INIT].replace('"edge"]', '"edge", "ghost"]') + f'\nPLACE = "{home}"\n',
        f"{A}/src/box_a/tests/test_area.py": "",
        f"{A}/pyproject.toml": FILES[f"{A}/pyproject.toml"].replace('license-files = ["LICENSE"]\n', ""),
    }
    (root / A / "src/box_a/py.typed").unlink()
    commit(root, bad)
    said = refused(root, "box-a", "minor")
    assert said.startswith("the built box_a-0.2.0-py3-none-any.whl is not fit for release: ")
    assert "no box_a/py.typed. Add an empty file src/box_a/py.typed." in said
    assert "no licence file. Copy the workspace's LICENSE next to pyproject.toml, and set license-files." in said
    assert "box_a/tests/test_area.py is a test. Keep tests outside src/." in said
    assert f"box_a/__init__.py has a path of this machine ({home[:6]}). Remove it." in said
    assert "box_a lacks ghost, named in __all__." in said


def test_a_sibling_without_a_range_is_refused(root):
    commit(root, {f"{B}/pyproject.toml": FILES[f"{B}/pyproject.toml"].replace("box-a>=0.1,<0.2", "box-a")})
    assert "METADATA requires box-a. Give a sibling's range as >=A,<B, and no address." in refused(root, "b", "first")


def test_a_package_that_does_not_import_alone_is_refused(root):
    commit(root, {INIT: FILES[INIT] + "\nimport pytest\n"})
    assert refused(root, "box-a", "minor").endswith("ModuleNotFoundError: No module named 'pytest'")
