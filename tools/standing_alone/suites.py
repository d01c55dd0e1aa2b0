"""A package's tests, copied out of the workspace, against what is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from distributions.commands import outside
from distributions.environments import Environment
from packaging.requirements import Requirement
from workspace_rules.edges import DISTRIBUTIONS
from workspace_rules.members import normalised

from standing_alone import skips_what_is_missing
from standing_alone.errors import StepError
from standing_alone.suite_needs import LATE_MODULES

PLUGIN = Path(skips_what_is_missing.__file__)


@dataclass(frozen=True)
class SuiteResult:
    """How a suite went."""

    passed: int
    """Tests that passed."""
    skipped: Mapping[str, int]
    """Reason -> tests, and files that could not be read for that reason."""
    failed: tuple[str, ...]
    """`file::test: first line of the error`, for failures and errors."""

    def __str__(self) -> str:
        skipped = ", ".join(f"{count} {reason}" for reason, count in self.skipped.items())
        parts = [f"{self.passed} passed", *([f"{len(self.failed)} FAILED"] if self.failed else [])]
        return ", ".join([*parts, *([f"skipped: {skipped}"] if skipped else [])])


def optional_modules(distributions: Iterable[str]) -> frozenset[str]:
    """Return the modules whose absence skips a test: of these distributions, and of what comes with them.

    >>> sorted(optional_modules(["pillow>=11", "trial-sampler"]) - set(LATE_MODULES))
    ['PIL', 'trial_sampler']
    """
    modules = {distribution: module for module, distribution in DISTRIBUTIONS.items()}
    names = [normalised(Requirement(one).name) for one in distributions]
    return frozenset({*(modules.get(name, name.replace("-", "_")) for name in names), *LATE_MODULES})


def run_suite(
    environment: Environment, root: Path, name: str, *, optional: frozenset[str], apart: Mapping[str, str]
) -> SuiteResult:
    """Copy tests, README and pytest's settings beside the environment, and run them there.

    Raises:
        StepError: pytest itself fails, or no test passes.
    """
    place = _copy(environment, root, name)
    result = environment.folder / "result.xml"
    tests = f"packages/{name}/tests"
    left_out = [f"--deselect={tests}/{test}" if "::" in test else f"--ignore={tests}/{test}" for test in apart]
    plugins = ["-p", "no:cacheprovider", "-p", PLUGIN.stem]
    options = ["-q", "--continue-on-collection-errors", *plugins, f"--junitxml={result}", *left_out]
    variables = {**outside(), "MODULES_THAT_MAY_BE_MISSING": " ".join(sorted(optional))}
    command = [str(environment.python), "-m", "pytest", tests, *options]
    done = subprocess.run(command, cwd=place, env=variables, capture_output=True, text=True, check=False)
    (environment.folder / "pytest.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if not result.is_file():
        raise StepError(f"pytest has not run: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    found = read_result(result)
    if not found.passed and not found.failed:
        raise StepError(f"not one test passed: {found}")
    return found


def _copy(environment: Environment, root: Path, name: str) -> Path:
    """The same folders as in the workspace, with the installed modules in the place of src."""
    place = environment.folder / "workspace"
    package = place / "packages" / name
    shutil.copytree(
        root / "packages" / name, package, ignore=shutil.ignore_patterns("src", "dist", "__pycache__", ".*")
    )
    (package / "src").symlink_to(environment.site_packages)
    for file in ("pyproject.toml", "conftest.py"):
        if (root / file).is_file():
            shutil.copy(root / file, place / file)
    shutil.copy(PLUGIN, place / PLUGIN.name)
    return place


def read_result(path: Path) -> SuiteResult:
    """Return what pytest wrote as JUnit XML."""
    passed, skipped, failed = 0, Counter[str](), list[str]()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = next((one for kind in ("failure", "error") for one in case.iter(kind)), None)
        left_out = next(case.iter("skipped"), None)
        if bad is not None:
            failed.append(f"{case.get('classname')}::{case.get('name')}: {_error(bad)}"[:300])
        elif left_out is not None:
            skipped[_reason(left_out)] += 1
        else:
            passed += 1
    return SuiteResult(passed, dict(skipped.most_common()), tuple(failed))


def _error(bad: ElementTree.Element) -> str:
    """The line that tells what went wrong; a file that cannot be read has it in the traceback alone."""
    lines = re.findall(r"^E +(.+)$", bad.text or "", re.MULTILINE)
    said = (bad.get("message") or "").strip().partition("\n")[0]
    return lines[-1] if said == "collection failure" and lines else said


def _reason(skipped: ElementTree.Element) -> str:
    """A few words for a reason, so that it can be counted."""
    said = f"{skipped.get('message')} {skipped.text or ''}"
    missing = re.search(r"\bneeds ([a-z]\w+)|could not import '([\w.]+)'", said)
    return f"without {missing[1] or missing[2].partition('.')[0]}" if missing else "for other reasons"
