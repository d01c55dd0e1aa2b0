"""The command line: tools/check alone."""

from __future__ import annotations

import argparse
import importlib.metadata
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from distributions.commands import CommandError
from distributions.environments import Resolution
from distributions.wheels import build_wheels, read_wheels
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from workspace_rules.members import Member, normalised, read_members

from standing_alone.import_times import BAR_S
from standing_alone.plan import Outcome, Plan
from standing_alone.pythons import Interpreter, choose_pythons, find_pythons
from standing_alone.readme_table import differences, footprints, write_table
from standing_alone.released import ReleasedWheels
from standing_alone.showing import as_json, as_table
from standing_alone.suite_needs import TEST_TOOLS
from standing_alone.trial import Trial

ABOUT = """Install every package alone, from built wheels into clean environments outside the workspace, and use it.

Each is imported and all its public names are looked up, its README example runs, and its tests run from a copy: at the
lowest and at the newest versions that its ranges admit, on the oldest and the newest supported Python found here.
Versions without a wheel for a Python do not count. Whatever needs torch is left out without --heavy. Everything for
all packages takes over an hour on two cores, once the files are in uv's cache; --no-tests about ten minutes.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of `tools/check alone`."""
    made = argparse.ArgumentParser(
        "tools/check alone", description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    yes_no = argparse.BooleanOptionalAction
    made.add_argument("packages", nargs="*", metavar="PACKAGE", help="all of packages/ where none is named")
    made.add_argument("--python", default="", metavar="3.11,3.13", help="or executables; default: oldest and newest")
    made.add_argument("--resolution", default="lowest,newest", help="lowest, newest, or both with a comma (default)")
    made.add_argument("--examples", action=yes_no, default=True, help="run README examples")
    made.add_argument("--tests", action=yes_no, default=True, help="run the tests")
    made.add_argument("--heavy", action="store_true", help="with the extras that bring torch: several GB")
    made.add_argument("--any-torch", action="store_true", help="torch as the ranges give it, not as installed here")
    made.add_argument("--bar", type=float, default=BAR_S, metavar="S", help="longest import of a core, 0.3 s")
    made.add_argument("--wheels", type=Path, metavar="FOLDER", help="wheels of all members, built before")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="leave environments and pytest's logs there")
    made.add_argument("--write-table", action="store_true", help="put sizes into README.md")
    made.add_argument("--check-table", action="store_true", help="compare sizes with README.md")
    made.add_argument("--json", action="store_true", help="print everything as JSON")
    made.add_argument("--root", type=Path, default=Path(__file__).parents[2], help=argparse.SUPPRESS)
    return made


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status: 1 if anything is broken, 2 for a mistake in the arguments."""
    asked = parser().parse_args(arguments)
    root = asked.root.resolve()
    members = {member.name: member for member in read_members(root)}
    try:
        packages = _packages(asked.packages, members)
        resolutions = _resolutions(asked.resolution)
        pythons = choose_pythons(asked.python, lambda: find_pythons(_supported(root)))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="standing-alone-") as temporary:
        folder = (asked.keep or Path(temporary)).resolve()
        try:
            plan = _plan(asked, root, folder, members)
        except CommandError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        outcomes = try_all(plan, packages, pythons, resolutions)
    problems = [line for one in outcomes for line in one.problems]
    readme, rows = root / "README.md", footprints(outcomes)
    if asked.check_table:
        problems += differences(readme.read_text(encoding="utf-8"), rows)
    if asked.write_table:
        write_table(readme, rows, pythons[0].minor)
    if asked.json:
        print(as_json(outcomes, problems))
    else:
        print(as_table(outcomes), *problems[sum(len(one.problems) for one in outcomes) :], sep="\n")
        print(f"standing alone: {len(problems)} broken" if problems else "standing alone: all do")
    return 1 if problems else 0


def try_all(
    plan: Plan, packages: Sequence[str], pythons: Sequence[Interpreter], resolutions: Sequence[Resolution]
) -> list[Outcome]:
    """Try each package at each resolution on each Python, one after the other, with a line of progress a step."""
    started = time.monotonic()
    # A shell's background jobs ignore it, and the tests that run here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    return [
        Trial(plan, package, python, resolution, say).run()
        for package in packages
        for python in pythons
        for resolution in resolutions
        if plan.wheels[package].requires_python.contains(python.version)
    ]


def _plan(asked: argparse.Namespace, root: Path, folder: Path, members: Mapping[str, Member]) -> Plan:
    print("building the wheels" if not asked.wheels else "reading the wheels", file=sys.stderr, flush=True)
    wheels = read_wheels(asked.wheels) if asked.wheels else build_wheels(root, folder / "wheels")
    dev = _dev_group(root)
    return Plan(
        root=root,
        folder=folder,
        keep=asked.keep is not None,
        wheels=wheels,
        released=ReleasedWheels(root, folder / "released"),
        tools=tuple(dev.get(name, name) for name in TEST_TOOLS),
        also={**dev, **{name: wheel.target() for name, wheel in wheels.items()}},
        members=frozenset(members),
        examples=asked.examples,
        tests=asked.tests,
        heavy=asked.heavy,
        bar_s=asked.bar,
        torch="" if asked.any_torch else _torch_here(),
    )


def _packages(named: Sequence[str], members: Mapping[str, Member]) -> list[str]:
    packages = [name for name, member in members.items() if not member.is_app]
    if unknown := [name for name in named if name not in packages]:
        raise ValueError(f"no package {', '.join(unknown)}; there are {', '.join(packages)}.")
    return list(named) or packages


def _resolutions(named: str) -> list[Resolution]:
    known: dict[str, Resolution] = {"lowest": "lowest", "newest": "newest"}
    if unknown := [name for name in named.split(",") if name not in known]:
        raise ValueError(f"--resolution takes lowest, newest or lowest,newest; got {','.join(unknown)!r}.")
    return [known[name] for name in named.split(",")]


def _root_project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def _supported(root: Path) -> SpecifierSet:
    return SpecifierSet(_root_project(root)["project"]["requires-python"])


def _dev_group(root: Path) -> dict[str, str]:
    """Name -> requirement."""
    lines = _root_project(root).get("dependency-groups", {}).get("dev", [])
    return {normalised(Requirement(line).name): line for line in lines}


def _torch_here() -> str:
    """The version that this environment runs, without the local part; "" where there is none."""
    try:
        return Version(importlib.metadata.version("torch")).public
    except importlib.metadata.PackageNotFoundError:
        return ""
