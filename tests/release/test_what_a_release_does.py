"""What a release shows, commits, tags and builds."""

import subprocess
import sys
import zipfile

from ..workspace import TOOLS
from .small_workspace import CHANGELOG, FILES, MEMBER, WITHOUT_EDGE, A, B, commit, git, release, state


def test_a_dry_run_shows_everything_and_changes_nothing(root):
    commit(root, WITHOUT_EDGE)
    before = state(root)
    said = release(root, "box-a", "minor", dry_run=True, allow_breaking=True)
    assert state(root) == before
    for shown in (
        "box-a 0.1.0 -> 0.2.0, tag box-a-v0.2.0",
        "- You can.",
        "may break: 1\n    `edge`: Name is not in __all__ any more",
        f"{B}/pyproject.toml: box-a>=0.1,<0.2 -> box-a>=0.2,<0.3",
        "now need a release of their own, in this order: b",
        "box_a-0.2.0.tar.gz, box_a-0.2.0-py3-none-any.whl",
        '+version = "0.2.0"',
        "Dry run: nothing was changed.",
    ):
        assert shown in said


def test_a_release_commits_tags_and_builds_and_moves_the_range_of_its_user(root):
    commit(root, WITHOUT_EDGE)
    release(root, "box-a", "minor", allow_breaking=True)
    changed = git(root, "show", "--name-only", "--format=%s", "HEAD").split("\n")
    assert changed[0] == "box-a 0.2.0"
    assert sorted(filter(None, changed[1:])) == [
        f"{folder}/{name}" for folder in (B, A) for name in ("CHANGELOG.md", "pyproject.toml")
    ]
    assert 'version = "0.2.0"' in (root / A / "pyproject.toml").read_text()
    assert "dependencies = ['box-a>=0.2,<0.3', # why\n]" in (root / B / "pyproject.toml").read_text()
    assert (root / B / "CHANGELOG.md").read_text() == CHANGELOG + "- Works with `box-a>=0.2,<0.3`.\n"
    date = git(root, "show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd").strip()
    heads = f"# Changelog\n\n## Unreleased\n\n## 0.2.0 ({date})\n\n- You can.\n"
    assert (root / A / "CHANGELOG.md").read_text() == heads
    assert git(root, "tag", "--list", "--format=%(contents)", "box-a-v0.2.0").strip() == "box-a 0.2.0\n\n- You can."
    assert git(root, "rev-parse", "box-a-v0.2.0^{commit}", "main").split()[0] == git(root, "rev-parse", "HEAD").strip()
    assert git(root, "status", "--porcelain") == ""
    assert sorted(path.name for path in (root / "dist").iterdir()) == [
        "box_a-0.2.0-py3-none-any.whl",
        "box_a-0.2.0.tar.gz",
    ]


def test_a_first_release_takes_the_version_as_it_is_and_installs_beside_what_was_released(root):
    commit(root, {f"{B}/src/b/__init__.py": FILES[f"{B}/src/b/__init__.py"] + "\n\ndef more(): ...\n"})
    said = release(root, "b", "first")
    assert "b (never released) -> 0.1.0, tag b-v0.1.0" in said
    assert "first release, there is no tag b-v* to compare with" in said
    assert "beside box-a 0.1.0" in said
    assert "Ranges that 0.1.0 falls out of:\n  none" in said
    with zipfile.ZipFile(root / "dist/b-0.1.0-py3-none-any.whl") as wheel:
        assert "def more" in wheel.read("b/__init__.py").decode()


def test_an_extra_may_need_what_was_not_released_yet(root):
    git(root, "tag", "--delete", "box-a-v0.1.0")
    extra = (
        MEMBER.replace("NAME", "b").replace("NEEDS", "")
        + '\n[project.optional-dependencies]\nx = ["box-a>=0.1,<0.2"]\n'
    )
    commit(root, {f"{B}/pyproject.toml": extra, f"{B}/src/b/__init__.py": '"""B."""\n\n__all__ = ["one"]\n\none = 1\n'})
    assert "not released yet, though extras need them: box-a" in release(root, "b", "first", dry_run=True)


def test_the_command_line_prints_one_line_of_error_and_exits_with_1_or_2(root):
    def call(*arguments):
        command = [sys.executable, TOOLS / "release", *arguments, "--root", root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert call("box-b", "minor") == (1, "release: no package box-b in this workspace. Did you mean box-a?\n")
    status, said = call("box-a", "huge")
    assert status == 2
    assert "invalid choice: 'huge' (choose from" in said
