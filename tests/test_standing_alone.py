"""tools/check alone: what it installs, runs, skips and writes, on a small workspace with wheels made by hand."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from distributions.commands import CommandError
from distributions.environments import Environment
from distributions.importing import probe_import
from distributions.wheels import read_wheel, read_wheels
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from standing_alone.command import main
from standing_alone.errors import BROKEN
from standing_alone.examples import imported_names, look_up_names, run_example
from standing_alone.import_times import import_time_s
from standing_alone.pythons import Interpreter, choose_pythons, find_pythons
from standing_alone.readme_table import Footprint, differences, read_rows, written
from standing_alone.released import ReleasedWheels
from standing_alone.requirements import at_the_floor, needs_of
from standing_alone.suites import read_result

from .workspace import TOOLS

HERE = Interpreter(Version(".".join(map(str, sys.version_info[:3]))), Path(sys.executable))

README = """# ours

```python
from lamp import brightness, glow

brightness(3)  # 6
brightness(-1)  # LampError, darker than dark
```
"""

HEADED = """# x

| package | y |
|---|---|
| [lamp](packages/lamp/README.md) | z |
| [app](apps/app/README.md) | z |

end
"""

LAMP = """
__all__ = ["LampError", "brightness", "glow"]

class LampError(Exception):
    pass

def brightness(watts):
    if watts < 0:
        raise LampError("dark")
    return 2 * watts

glow = brightness
"""


def write_wheel(folder, name, source, *, requires=(), version="0.1.0"):
    """A wheel of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    module, lines = name.replace("-", "_"), [f"Requires-Dist: {line}\n" for line in requires]
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}/__init__.py": source,
        f"{info}/METADATA": f"Metadata-Version: 2.3\nName: {name}\nVersion: {version}\n{''.join(lines)}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{one},,\n" for one in [*files, f"{info}/RECORD"])
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for one, text in files.items():
            archive.writestr(one, text)
    return path


def write_workspace(root, source=LAMP, readme=README):
    """Two packages, `lamp` and `shade` which needs it, and their wheels."""
    for name in ("lamp", "shade"):
        folder = root / "packages" / name
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\nversion = "0.1.0"\n')
        (folder / "README.md").write_text(readme if name == "lamp" else "```python\nimport shade\n```\n")
    write_wheel(root / "wheels", "lamp", source)
    write_wheel(root / "wheels", "shade", "import lamp\n\n__all__ = []\n", requires=["lamp<0.2,>=0.1"])
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "pyproject.toml").write_text('[project]\nname = "w"\nrequires-python = ">=3.11"\n')
    (root / "README.md").write_text(
        "# w\n\n| package | x |\n|---|---|\n| [lamp](packages/lamp/README.md) | y |\n\nend\n"
    )


def check_alone(root, *arguments):
    """Exit status, outcomes by package, and problems."""
    options = ["--root", root, "--wheels", root / "wheels", "--no-tests", "--json", "--python", HERE.path]
    command = [sys.executable, TOOLS / "check", "alone", *options, "--resolution", "newest", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    return done.returncode, {one["package"]: one for one in found["outcomes"]}, found["problems"]


def test_a_good_package_and_its_dependant_stand_alone_and_the_table_is_kept(tmp_path):
    write_workspace(tmp_path)
    status, outcomes, problems = check_alone(tmp_path, "--write-table", "--check-table")
    assert status == 1
    assert [line.rpartition(";")[0] for line in problems] == [
        "README.md: the table of cores has no row for lamp",
        "README.md: the table of cores has no row for shade",
    ]
    assert (outcomes["lamp"]["distributions"], outcomes["shade"]["distributions"]) == (1, 2)
    assert outcomes["lamp"]["example"] == "ran"
    assert outcomes["lamp"]["problems"] == outcomes["shade"]["problems"] == []
    assert list(read_rows((tmp_path / "README.md").read_text())) == ["lamp", "shade"]


def test_what_is_broken_is_said_and_the_status_is_1(tmp_path):
    write_workspace(tmp_path, LAMP.replace('"glow"]', '"glow", "dim"]'), README.replace("(3)", "('') + 1"))
    status, outcomes, problems = check_alone(tmp_path, "lamp", "--check-table", "--write-table")
    assert status == 1
    assert problems[0] == "lamp lacks dim, named in __all__."
    assert problems[1].partition("\n")[0].startswith("README example: TypeError: ")
    assert outcomes["lamp"]["problems"] == problems[:2]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return Environment(tmp_path_factory.mktemp("alone") / "here", HERE.path)


def test_an_import_that_loads_torch_is_a_problem_and_one_that_fails_raises(environment):
    for name, source in {"torch": "", "hasty": "import torch\n__all__ = []\n", "lost": "import tourch"}.items():
        (environment.site_packages / f"{name}.py").write_text(source)
    assert probe_import(environment, "hasty").problems == ("the import of hasty loads torch.",)
    with pytest.raises(CommandError, match="No module named 'tourch'"):
        probe_import(environment, "lost")


def test_an_import_is_timed_in_fresh_processes(environment):
    (environment.site_packages / "slow.py").write_text("import time\nwhile time.process_time() < 0.3: pass\n")
    assert 0.1 < import_time_s(environment, "slow", processes=1) < 0.35


EXAMPLES = [
    (README.replace("brightness(3)", "brightness('') + 1"), "TypeError"),
    (README.replace("brightness(-1)", "brightness(1)"), "README says that this raises"),
    ("# no block\n", "no block marked python"),
]


@pytest.mark.parametrize(("readme", "problem"), EXAMPLES, ids=[one[1] for one in EXAMPLES])
def test_an_example_that_does_not_do_what_it_says_is_found(environment, tmp_path, readme, problem):
    (environment.site_packages / "lamp.py").write_text(LAMP)
    (tmp_path / "README.md").write_text(readme)
    with pytest.raises(BROKEN, match=problem):
        run_example(environment, tmp_path / "README.md")


def test_names_in_other_blocks_must_exist(environment, tmp_path):
    (environment.site_packages / "lamp.py").write_text(LAMP)
    (tmp_path / "README.md").write_text(README)
    assert look_up_names(environment, tmp_path / "README.md", "lamp") == 2
    (tmp_path / "README.md").write_text(README + "\n```python\nfrom lamp import shine\n```\n")
    with pytest.raises(CommandError, match=r"lamp\.shine"):
        look_up_names(environment, tmp_path / "README.md", "lamp")


def test_mistakes_in_the_arguments_are_explained(tmp_path, capsys):
    write_workspace(tmp_path)
    for arguments, said in [
        (["lmap"], "no package lmap; there are lamp, shade."),
        (["--resolution", "old"], "--resolution takes lowest, newest or lowest,newest; got 'old'."),
    ]:
        assert main(["--root", str(tmp_path), *arguments]) == 2
        assert said in capsys.readouterr().err


def test_wheels_that_cannot_be_built_are_told_in_one_line(tmp_path, capsys):
    write_workspace(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "w"\n')
    assert main(["--root", str(tmp_path), "--python", sys.executable]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "building the wheels"
    assert said[1].startswith("error: uv build --quiet failed: ")
    assert len(said) == 2


def test_floors_of_siblings_and_of_their_extras_are_named_too(tmp_path):
    write_wheel(
        tmp_path, "a", "", requires=["numpy<3,>=2.0", 'click>=8.1; extra == "cli"', "a-old; python_version<'3'"]
    )
    write_wheel(
        tmp_path, "b", "", requires=["a[cli]<0.2,>=0.1", "pillow>=11", 'b[y]; extra == "x"', 'z>1; extra == "y"']
    )
    wheels = read_wheels(tmp_path)
    core = needs_of(wheels["b"], (), wheels, HERE)
    assert set(core.outside) == {"pillow>=11", "numpy<3,>=2.0", "click>=8.1"}
    assert core.siblings == {"a": SpecifierSet("<0.2,>=0.1")}
    assert set(needs_of(wheels["b"], ("x",), wheels, HERE).outside) - set(core.outside) == {"z>1"}


def test_a_sibling_comes_in_at_the_lowest_release_that_its_range_admits(tmp_path, monkeypatch):
    root = tmp_path / "root"
    subprocess.run(["git", "init", "-q", root], check=True)
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "-C", root, *who, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    for tag in ("a-v0.1.0", "a-v0.2.0", "a-v0.10.0", "ab-v0.0.1"):
        subprocess.run(["git", "-C", root, "tag", tag], check=True)
    released = ReleasedWheels(root, tmp_path / "released")
    built = {f"a-v{n}": read_wheel(write_wheel(tmp_path / n, "a", "", version=n)) for n in ("0.1.0", "0.2.0", "0.10.0")}
    monkeypatch.setattr(released, "_wheel", lambda release: built[release.tag])
    write_wheel(tmp_path / "now", "a", "", version="0.11.0")
    write_wheel(tmp_path / "now", "b", "", requires=["a>=0.1.5"])
    wheels = read_wheels(tmp_path / "now")
    floors = at_the_floor(needs_of(wheels["b"], (), wheels, HERE), wheels, released)
    assert {name: str(wheel.version) for name, wheel in floors.items()} == {"a": "0.2.0", "b": "0.1.0"}
    assert released.lowest("a", SpecifierSet(">=1")) is None


def test_a_sibling_is_built_as_it_was_tagged(tmp_path):
    folder = tmp_path / "root/packages/a"
    (folder / "src/a").mkdir(parents=True)
    (folder / "src/a/__init__.py").write_text("old = 1\n")
    build = '[build-system]\nrequires = []\nbuild-backend = "make"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(f'[project]\nname = "a"\nversion = "0.1.0"\n{build}')
    (folder / "make.py").write_text(
        "import zipfile\n"
        "def build_wheel(where, *_, **__):\n"
        "    with zipfile.ZipFile(where + '/a-0.1.0-py3-none-any.whl', 'w') as archive:\n"
        "        archive.write('src/a/__init__.py', 'a/__init__.py')\n"
        "        archive.writestr('a-0.1.0.dist-info/METADATA', 'Name: a\\nVersion: 0.1.0\\n')\n"
        "    return 'a-0.1.0-py3-none-any.whl'\n"
    )
    git = ["git", "-C", tmp_path / "root", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "a-v0.1.0"]):
        subprocess.run([*git, *arguments], check=True)
    (folder / "src/a/__init__.py").write_text("new = 1\n")
    wheel = ReleasedWheels(tmp_path / "root", tmp_path / "out").lowest("a", SpecifierSet(">=0.1,<0.2"))
    with zipfile.ZipFile(wheel.path) as archive:
        assert archive.read("a/__init__.py") == b"old = 1\n"


def test_the_oldest_and_the_newest_python_are_taken_where_none_is_named():
    several = {minor: Interpreter(Version(f"{minor}.1"), Path("python")) for minor in ("3.11", "3.12", "3.13")}
    assert [one.minor for one in choose_pythons("", lambda: several)] == ["3.11", "3.13"]
    assert [one.minor for one in choose_pythons("", lambda: {"3.11": several["3.11"]})] == ["3.11"]
    assert [one.minor for one in choose_pythons("3.12", lambda: several)] == ["3.12"]
    assert choose_pythons(sys.executable, dict) == [HERE]
    with pytest.raises(ValueError, match="Python no/python is not installed here; found 3"):
        choose_pythons("no/python", lambda: several)


def test_pythons_of_this_machine_are_found():
    found = find_pythons(SpecifierSet(f"~={HERE.minor}.0"))
    assert list(found) == [HERE.minor]
    assert found[HERE.minor].version >= HERE.version


SUITE = """
import subprocess
import sys

import pytest


def test_fine():
    pass


def test_needs_an_extra():
    import not_there.part


def test_says_so_in_its_own_words():
    try:
        import not_there
    except ImportError:
        raise RuntimeError("pip install it") from None


def test_needs_it_in_a_process():
    subprocess.run([sys.executable, "-c", "import not_there"], check=True, capture_output=True, text=True)


def test_lacks_what_it_may_not_lack():
    import not_declared


def test_wrong():
    assert 1 == 2


@pytest.mark.skip(reason="a whim")
def test_left_out():
    pass
"""


def test_only_what_an_optional_module_breaks_is_skipped_and_counted(tmp_path, monkeypatch):
    (tmp_path / "test_it.py").write_text(SUITE)
    (tmp_path / "test_other.py").write_text("import not_there\n")
    monkeypatch.setenv("MODULES_THAT_MAY_BE_MISSING", "not_there")
    monkeypatch.setenv("PYTHONPATH", str(TOOLS / "standing_alone"))
    options = ["-q", "-p", "no:cacheprovider", "-p", "skips_what_is_missing", "--junitxml=r.xml", "--rootdir=."]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, check=False)
    found = read_result(tmp_path / "r.xml")
    assert found.passed == 1
    assert found.skipped == {"without not_there": 4, "for other reasons": 1}
    assert [line.partition(":: ")[0].rpartition("::")[2].partition(":")[0] for line in found.failed] == [
        "test_lacks_what_it_may_not_lack",
        "test_wrong",
    ]


def test_names_that_a_block_imports_are_found():
    code = "import lamp.part\nfrom lamp.part import a as b\nfrom lampshade import c\nimport numpy\n"
    assert list(imported_names(code, "lamp")) == [("lamp.part", ""), ("lamp.part", "a")]


ROWS = {"lamp": Footprint("lamp", 3, 80.0, 0.12)}


def test_the_table_goes_under_the_table_of_packages_once_and_keeps_other_rows():
    once = written(HEADED, ROWS, "3.11")
    assert once.startswith(HEADED.removesuffix("\nend\n") + "\n<!-- standing alone -->\n")
    assert once.endswith("<!-- /standing alone -->\n\nend\n")
    assert read_rows(once) == ROWS
    assert written(once, ROWS, "3.11") == once
    more = written(once, {"shade": Footprint("shade", 4, 81.0, 0.2)}, "3.11")
    assert list(read_rows(more)) == ["lamp", "shade"]
    assert more.count("standing alone -->") == 2
    with pytest.raises(ValueError, match="neither <!-- standing alone --> nor a table of packages"):
        written("# x\n", ROWS, "3.11")


GROWN = [
    (Footprint("lamp", 5, 99.0, 9.9), ""),
    (Footprint("lamp", 6, 80.0, 0.1), "lamp brings 6 distributions and 80 MB, the table says 3 and 80"),
    (Footprint("lamp", 3, 101.0, 0.1), "lamp brings 3 distributions and 101 MB, the table says 3 and 80"),
    (Footprint("lamp", 3, 59.0, 0.1), "lamp brings 3 distributions and 59 MB"),
    (Footprint("shade", 3, 59.0, 0.1), "the table of cores has no row for shade"),
]


@pytest.mark.parametrize(("row", "said"), GROWN)
def test_a_core_that_has_grown_is_found(row, said):
    lines = list(differences(written(HEADED, ROWS, "3.11"), {row.package: row}))
    assert len(lines) == (1 if said else 0)
    assert said in "".join(lines)
