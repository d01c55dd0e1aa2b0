"""One package in one clean place: install, import, example, tests; each step says how it went."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping

from distributions.environments import Environment, Resolution
from distributions.importing import probe_import
from distributions.wheels import Wheel, constraints

from standing_alone.errors import BROKEN, last_line_first
from standing_alone.examples import look_up_names, run_example
from standing_alone.import_times import import_time_s
from standing_alone.plan import Outcome, Plan
from standing_alone.pythons import Interpreter
from standing_alone.requirements import Needs, at_the_floor, needs_of
from standing_alone.suite_needs import LATE_MODULES, Suite, suite_of
from standing_alone.suites import optional_modules, run_suite

Say = Callable[[str], None]


class Trial:
    """The steps for one package, Python and resolution; what fails is noted, and what does not need it goes on."""

    def __init__(self, plan: Plan, name: str, python: Interpreter, resolution: Resolution, say: Say) -> None:
        self._plan, self._name, self._python, self._resolution = plan, name, python, resolution
        self._module, self._suite = name.replace("-", "_"), suite_of(name)
        self._say = lambda text: say(f"{name} · {resolution} · Python {python.version} · {text}")
        self._folder = plan.folder / f"{name}-{resolution}-{python.version}"
        self._readme = plan.root / "packages" / name / "README.md"
        self._found: dict[str, object] = {}
        self._problems: list[str] = []
        self._notes: list[str] = []

    def run(self) -> Outcome:
        """Take all steps."""
        try:
            core = self._installed("core", ())
            self._measure(core)
            self._import(core)
        except BROKEN as error:
            self._broken("core", error)
        else:
            self._use(core)
        if not self._plan.keep:
            shutil.rmtree(self._folder, ignore_errors=True)
        return Outcome(
            self._name,
            str(self._python.version),
            self._resolution,
            notes=tuple(dict.fromkeys(self._notes)),
            problems=tuple(self._problems),
            **self._found,  # type: ignore[arg-type]
        )

    def _installed(self, place: str, extras: tuple[str, ...], also: tuple[str, ...] = ()) -> Environment:
        started = time.monotonic()
        environment = Environment(self._folder / place, self._python.path)
        wheels, needs = self._chosen(extras)
        lines = [*constraints(wheels.values()), *([f"torch=={self._plan.torch}"] if self._plan.torch else [])]
        environment.install([wheels[self._name].target(extras), *needs.outside], lines, self._resolution)
        if also:  # of the tests: as new as the package's own versions let them be
            environment.install(also, dict.fromkeys([*environment.frozen(), *lines]), "newest")
        shown = f"[{','.join(extras)}]" if extras else ""
        self._say(f"installed {self._name}{shown} in {time.monotonic() - started:.0f} s")
        return environment

    def _chosen(self, extras: tuple[str, ...]) -> tuple[Mapping[str, Wheel], Needs]:
        """The wheels to install from, and what they need."""
        wheels = self._plan.wheels
        needs = needs_of(wheels[self._name], extras, wheels, self._python)
        if self._resolution == "newest":
            return wheels, Needs((), needs.siblings)
        floors = at_the_floor(needs, wheels, self._plan.released)
        untried = [name for name in needs.siblings if floors[name] is wheels[name]]
        if untried:
            self._notes.append(f"not released yet, so here as built: {', '.join(sorted(untried))}")
        return floors, needs_of(wheels[self._name], extras, floors, self._python)

    def _measure(self, core: Environment) -> None:
        versions = core.frozen()
        size_mb = core.size_mb()
        brings_torch = any(line.startswith("torch==") for line in versions)
        if brings_torch and self._plan.torch:
            self._notes.append(f"with torch {self._plan.torch}, as it is installed here; --any-torch takes the range's")
        self._found |= {"distributions": len(versions), "size_mb": size_mb, "brings_torch": brings_torch}
        self._found["versions"] = tuple(line.partition(" @ file:")[0] for line in versions)

    def _import(self, core: Environment) -> None:
        imported = probe_import(core, self._module)
        self._problems += imported.problems
        import_s = import_time_s(core, self._module, bar_s=self._plan.bar_s)
        self._found["import_s"] = import_s
        if import_s > self._plan.bar_s:
            self._problems.append(f"the import takes {import_s:.2f} s, more than {self._plan.bar_s} s")
        self._say(f"imported in {import_s:.2f} s, {len(imported.names)} public names")

    def _use(self, core: Environment) -> None:
        """The example and the tests: in the core's own environment where they need nothing else."""
        plan, suite = self._plan, self._suite
        extras = (*suite.extras, *(suite.heavy_extras if plan.heavy else ()))
        also = (*suite.also, *(suite.heavy_also if plan.heavy else ()))
        if plan.examples and suite.example == "core":
            self._example(core)
        elif plan.examples and not self._refusal(suite):
            self._with_extras(extras, (), self._example, "example")
        elif plan.examples:
            self._found["example"] = self._refusal(suite)
            self._look_up(core)
        if plan.tests:
            added = (*plan.tools, *(plan.also[name] for name in also))
            self._with_extras(extras, added, self._tests, "tests")

    def _refusal(self, suite: Suite) -> str:
        """Why the example does not run; "" when it does."""
        if suite.example == "extras":
            return ""
        if suite.example == "heavy":
            return "" if self._plan.heavy else "left out: needs an extra with torch (--heavy)"
        return f"left out: needs {suite.example}"

    def _with_extras(
        self, extras: tuple[str, ...], also: tuple[str, ...], step: Callable[[Environment], None], place: str
    ) -> None:
        try:
            step(self._installed(place, extras, also))
        except BROKEN as error:
            self._broken(place, error)

    def _example(self, environment: Environment) -> None:
        try:
            run_example(environment, self._readme)
            self._found["example"] = "ran"
        except BROKEN as error:
            self._broken("README example", error)
        self._look_up(environment)
        self._say(f"README example: {self._found.get('example', 'FAILED')}")

    def _look_up(self, environment: Environment) -> None:
        try:
            look_up_names(environment, self._readme, self._module)
        except BROKEN as error:
            self._broken("names in the README", error)

    def _tests(self, environment: Environment) -> None:
        started = time.monotonic()
        plan, suite = self._plan, self._suite
        apart = {} if plan.heavy else suite.heavy_tests
        result = run_suite(environment, plan.root, self._name, optional=self._optional(), apart=apart)
        self._found["tests"] = str(result)
        self._problems += [f"tests: {line}" for line in result.failed]
        self._notes += [f"left out: {test}: {why}" for test, why in apart.items()]
        self._say(f"tests: {result} in {time.monotonic() - started:.0f} s")

    def _optional(self) -> frozenset[str]:
        """Modules whose absence skips a test: of siblings, test tools, and extras that are left out here."""
        plan, wheels, suite = self._plan, self._plan.wheels, self._suite
        heavy = suite.heavy_extras if plan.heavy else ()
        installed = needs_of(wheels[self._name], (*suite.extras, *heavy), wheels, self._python)
        possible = needs_of(wheels[self._name], wheels[self._name].extras, wheels, self._python)
        there = optional_modules([*installed.outside, *installed.siblings, self._name]) - set(LATE_MODULES)
        return optional_modules([*possible.outside, *plan.members, *plan.also]) - there

    def _broken(self, step: str, error: Exception) -> None:
        said = last_line_first(error)
        self._problems.append(f"{step}: {said}")
        self._say(f"{step} FAILED: {said.partition(chr(10))[0]}")
