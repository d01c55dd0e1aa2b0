"""A plugin of pytest: a test that fails since a known optional module is missing is skipped, and says which.

It is copied beside the tests that run alone; MODULES_THAT_MAY_BE_MISSING holds the names, with spaces between them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Generator, Iterator
from importlib.util import find_spec

import pytest

OPTIONAL = frozenset(os.environ.get("MODULES_THAT_MAY_BE_MISSING", "").split())


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _chain(one)
        error = error.__cause__ or error.__context__


def missing_module(error: BaseException) -> str:
    """The optional module whose absence made an error, its own or that of a process that it started; "" for none."""
    for one in _chain(error):
        if isinstance(one, ModuleNotFoundError):
            names = [one.name or ""]
        elif isinstance(one, subprocess.CalledProcessError):
            names = re.findall(r"No module named '([\w.]+)'", f"{one.stdout}{one.stderr}")
        else:
            names = re.findall(r"ModuleNotFoundError: No module named '([\w.]+)'", str(one))
        for name in names:
            module = name.partition(".")[0]
            if module in OPTIONAL and find_spec(module) is None:  # there, but without a part of it: that is a failure
                return module
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test that has failed for a missing module."""
    report = yield
    if report.failed and call.excinfo is not None and (name := missing_module(call.excinfo.value)):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), 0, f"needs {name}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a file that cannot be read for a missing module."""
    report = yield
    call = getattr(report, "call", None)
    if report.failed and call is not None and call.excinfo and (name := missing_module(call.excinfo.value)):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"needs {name}")
    return report
