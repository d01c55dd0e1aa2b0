"""Run git, uv and Python as somebody outside the workspace would, and tell in one line what failed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

OURS = ("PYTHON", "VIRTUAL_ENV", "UV_PROJECT", "UV_NO_SYNC")
"""How the variables begin that lead back into the workspace, or change how Python runs."""


class CommandError(Exception):
    """A command failed; the message has its first words and all that it said, in one line."""

    def __init__(self, words: list[str], said: str) -> None:
        super().__init__(f"{' '.join(words[:3])} failed: {one_line(said)}")
        self.lines = said.strip().splitlines()


def run(*command: object, cwd: Path) -> str:
    """Run a command in the folder `cwd` and return what it prints.

    Raises:
        CommandError: it fails.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=outside(), capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise CommandError(words, done.stderr or done.stdout or f"exit status {done.returncode}")
    return done.stdout


def outside() -> dict[str, str]:
    """Return the environment variables without ours; libraries download nothing and take one thread."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def one_line(text: str) -> str:
    r"""Return a text without colours, line breaks and the branches that uv draws.

    >>> one_line("\x1b[31m  × no\x1b[0m\n  ╰─▶ such\tfile\n")
    'no such file'
    """
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[×│╰─▶]", "", text).split())
