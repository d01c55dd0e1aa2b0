"""Run git, uv and Python, and turn their failures into one line."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from releasing.errors import ReleaseError

OF_THE_CALLER = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_NO_SYNC", "PYTHONPATH", "PYTHONHOME")
"""What an environment that is active here would tell a command that works elsewhere."""


def run(*command: object, cwd: Path) -> str:
    """Run a command in the folder `cwd` and return what it prints.

    Raises:
        ReleaseError: it fails; the error has the command's first words and what it said, in one line.
    """
    words = [str(word) for word in command]
    env = {name: value for name, value in os.environ.items() if name not in OF_THE_CALLER}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        said = one_line(done.stderr or done.stdout) or f"exit status {done.returncode}"
        raise ReleaseError(f"{' '.join(words[:3])} failed: {said}")
    return done.stdout


def one_line(text: str) -> str:
    r"""Return a text without colours and line breaks.

    >>> one_line("\x1b[31merror\x1b[0m:\n  no such\tfile\n")
    'error: no such file'
    """
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
