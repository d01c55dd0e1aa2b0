"""What no file of the repository may contain: addresses of package hosts, and paths of one machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

HOST = re.compile(r"https?://(?:files|registry|deb|pypi|security\.debian)\.|python[h]osted", re.IGNORECASE)
"""Addresses that uv, pip, npm and apt write into lock files and logs."""

MACHINE_PATH = re.compile(r"(?<![\w.~}*/-])/(?:(?:work|root)/|(?:home|Users)/\w+/)")
"""Absolute paths of somebody's machine."""

TEMPORARY_PATH = re.compile(r"(?<![\w.~}*/-])/[t]mp/")
"""A fixed place for temporary files; tests may name one that is never written."""


def text_problems(root: Path) -> Iterator[str]:
    """Yield forbidden text in files that git tracks or would add, and a tracked uv.lock."""
    if _git_files(root, "uv.lock"):
        yield "uv.lock: must not be tracked: it carries addresses of package hosts. Run git rm --cached uv.lock."
    for name in _git_files(root, "--cached", "--others", "--exclude-standard"):
        content = (root / name).read_bytes() if (root / name).is_file() else b""
        if b"\0" not in content:
            yield from _problems_in(name, content.decode("utf-8", errors="replace"))


def _problems_in(name: str, text: str) -> Iterator[str]:
    rules = [(HOST, "names a package host"), (MACHINE_PATH, "names a path of one machine")]
    if "tests" not in PurePosixPath(name).parts:
        rules.append((TEMPORARY_PATH, "names a fixed temporary path; use tempfile or mktemp"))
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, problem in rules:
            if match := pattern.search(line):
                yield f"{name}:{number}: {problem}: {match.group()}"


def _git_files(root: Path, *arguments: str) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", *arguments]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(listed.split("\0")) if name)
