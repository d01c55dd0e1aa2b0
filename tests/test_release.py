"""tools/release on small workspaces, and from bump to pip install on a clone of this one."""

import contextlib
import doctest
import functools
import http.server
import importlib
import shutil
import subprocess
import sys
import threading
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "tools/release"
sys.path.append(str(ROOT / "tools"))

from releasing import Asked, ReleaseError, make_release  # noqa: E402
from releasing.api_changes import api_changes, public_names  # noqa: E402
from releasing.changelog import add_line, close_unreleased  # noqa: E402
from releasing.ranges import raise_ranges  # noqa: E402

MODULES = [path.stem for path in sorted((ROOT / "tools/releasing").glob("[a-z]*.py"))]

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


@contextlib.contextmanager
def index_server(dist, folder):
    """The address of a package index on loopback with the files of a dist folder."""
    for path in dist.glob("*-*"):
        page = folder / "simple" / path.name.partition("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, page.parent / path.name)
        with page.open("a") as file:
            file.write(f'<a href="{path.name}#sha256={sha256(path.read_bytes()).hexdigest()}">{path.name}</a>\n')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


# What stands in the way


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


# What a release does


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
        command = [sys.executable, TOOL, *arguments, "--root", root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert call("box-b", "minor") == (1, "release: no package box-b in this workspace. Did you mean box-a?\n")
    status, said = call("box-a", "huge")
    assert status == 2
    assert "invalid choice: 'huge' (choose from" in said


# Public names


def changes(tmp_path, old, new):
    for version, files in (("old", old), ("new", new)):
        write(tmp_path / version / "p", files)
    return api_changes("p", tmp_path / "old", tmp_path / "new")


def module(body, *names):
    return {"__init__.py": f"__all__ = {list(names)}\n{body}\n"}


BREAKS = [
    ("def f(a): ...", "def f(a, b): ...", ["`f(b)`: Parameter was added as required"]),
    ("def f(a): ...", "def f(a, b=1): ...", []),
    (
        "def f(a): ...",
        "def f(*, a): ...",
        ["`f(a)`: Parameter kind was changed: `positional or keyword` -> `keyword-only`"],
    ),
    ("def f(a=1): ...", "def f(a=2): ...", ["`f(a)`: Parameter default was changed: `1` -> `2`"]),
    ("def f(a): ...", "def f(b): ...", ["`f(a)`: Parameter was removed", "`f(b)`: Parameter was added as required"]),
    ("class f:\n def g(self): ...", "class f: ...", ["`f.g`: Public object was removed"]),
    ("class f:\n def _g(self): ...", "class f: ...", []),
    ("f = 1", "f = 2", []),
    ("def f(a): ...", "f = 1", ["`f`: Public object points to a different kind of object: `function` -> `attribute`"]),
]


@pytest.mark.parametrize(("old", "new", "breaking"), BREAKS, ids=[f"{old} to {new}" for old, new, _ in BREAKS])
def test_what_breaks_a_caller_is_named(tmp_path, old, new, breaking):
    assert list(changes(tmp_path, module(old, "f"), module(new, "f")).breaking) == breaking


def test_fields_of_a_dataclass_count_as_parameters(tmp_path):
    head = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass f:\n    a: int\n"
    found = changes(tmp_path, module(head, "f"), module(head + "    b: int\n", "f"))
    assert found.breaking == ("`f.__init__(b)`: Parameter was added as required",)


def test_names_outside_all_are_not_public_and_those_of_modules_with_all_are(tmp_path):
    old = module("from p.m import f", "f") | {"m.py": "def f(a): ...\ndef hidden(a): ..."}
    old |= {"n.py": "__all__ = ['g']\ndef g(a): ..."}
    new = module("from p.m import f\nh = 1", "f", "h") | {"m.py": "def f(a, b=0): ..."} | {"n.py": "__all__ = []"}
    found = changes(tmp_path, old, new)
    assert found.added == ("h",)
    assert found.changed == ("f(a) -> f(a, b=0)",)
    assert found.breaking == ("`n.g`: Name is not in __all__ any more",)


def test_a_function_is_found_behind_a_module_of_its_name(tmp_path):
    head = module("from p.f import f", "f")
    found = changes(tmp_path, head | {"f.py": "def f(a): ..."}, head | {"f.py": "def f(): ..."})
    assert found.breaking == ("`f(a)`: Parameter was removed",)
    assert public_names("p", tmp_path / "new") == ["f"]


# Texts


RANGES = [
    ("box>=0.1,<0.2", "0.1.5", "box>=0.1,<0.2"),
    ("box>=0.1,<0.2", "0.2.0", "box>=0.2,<0.3"),
    ("box[x,y]>=0.1, <0.2 ; python_version < '3.13'", "1.0.0", "box[x,y]>=1.0,<2 ; python_version < '3.13'"),
    ("Box>=1.2,<2", "2.0.0", "Box>=2.0,<3"),
    ("box", "0.2.0", "box"),
    ("box-space>=0.1,<0.2", "0.2.0", "box-space>=0.1,<0.2"),
]


@pytest.mark.parametrize(
    ("line", "version", "raised"), RANGES, ids=[f"{line} at {version}" for line, version, _ in RANGES]
)
def test_a_range_moves_only_if_the_version_falls_out_of_it(line, version, raised):
    text = (
        '[project]\ndependencies = ["{0}"]  # ours\n[project.optional-dependencies]\nx = ["{0}", "numpy>=0.1,<0.2"]\n'
    )
    after, moved = raise_ranges(text.format(line), "box", Version(version))
    assert after == text.format(raised)
    assert moved == ([] if line == raised else [f"{line} -> {raised}"])


@pytest.mark.parametrize("line", ["box~=0.1.0", "box>=0.1,<0.2,!=0.1.3", "box==0.1.0"])
def test_a_range_of_another_form_is_refused_if_it_has_to_move(line):
    with pytest.raises(ReleaseError, match=r"^pyproject.toml: box.* excludes 0.2.0 and is not of the form box>=A,<B"):
        raise_ranges(f'[project]\ndependencies = ["{line}"]\n', "box", Version("0.2.0"))


def test_older_versions_of_a_changelog_stay_and_lines_go_before_them():
    old = "## 0.1.0 (2026-01-02)\n\n- Old.\n"
    text, lines = close_unreleased(
        f"# Changelog\n\n## Unreleased\n- One.\n\n  More.\n- Two.\n\n{old}", "0.2.0", "2026-02-03"
    )
    assert lines == "- One.\n\n  More.\n- Two."
    assert text == f"# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-03)\n\n{lines}\n\n{old}"
    assert add_line(text, "- Three.") == text.replace("## Unreleased\n", "## Unreleased\n\n- Three.\n")


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"releasing.{name}")).failed == 0


# From bump to pip install


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
