"""Clean environments outside the workspace."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from standing_alone.pythons import Interpreter
from standing_alone.wheels import Wheel

Resolution = Literal["lowest", "newest"]
"""Which versions of the ranges: the floors of the package and of its siblings, or the latest of everything."""


class StepError(Exception):
    """A command failed; the message is the end of what it printed."""


class Environment:
    """A virtual environment without pip, and the folder around it that commands run in."""

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        self.folder, self.interpreter = folder, interpreter
        folder.mkdir(parents=True)
        run(["uv", "venv", "--quiet", "--no-project", "--python", str(interpreter.path), ".venv"], folder)

    @property
    def python(self) -> Path:
        """Return the path of its Python."""
        return self.folder / ".venv/bin/python"

    @property
    def site_packages(self) -> Path:
        """Return the folder of what is installed."""
        return self.folder / ".venv/lib" / f"python{self.interpreter.minor}" / "site-packages"

    def install(self, targets: Iterable[str], constraints: Iterable[str], resolution: Resolution) -> None:
        """Install targets from wheels; a version without a wheel for this Python does not count.

        Raises:
            StepError: the ranges have no solution, or no index has a file.
        """
        (self.folder / "constraints.txt").write_text("\n".join(constraints) + "\n")
        how = [
            "--constraints",
            "constraints.txt",
            "--resolution",
            {"lowest": "lowest-direct"}.get(resolution, "highest"),
        ]
        run(
            ["uv", "pip", "install", "--python", str(self.python), "--only-binary", ":all:", *how, *targets],
            self.folder,
        )

    def frozen(self) -> list[str]:
        """Return what is installed, a line of requirements each."""
        return run(["uv", "pip", "freeze", "--python", str(self.python)], self.folder).splitlines()

    def size_mb(self) -> float:
        """Return the megabytes (of 10^6 bytes) of what is installed, byte code apart."""
        files = (path for path in self.site_packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return sum(path.stat().st_size for path in files if not path.name.startswith("_virtualenv")) / 1e6

    def script(self, code: str, *, folder: Path | None = None) -> str:
        """Run code that sees nothing but the environment, and return what it prints.

        Raises:
            StepError: it fails.
        """
        return run([str(self.python), "-I", "-c", code], folder or self.folder)


def run(command: list[str], folder: Path) -> str:
    """Run a command as a user outside the workspace would, and return its output.

    Raises:
        StepError: it fails; the message is its last line, then those before it.
    """
    done = subprocess.run(command, cwd=folder, env=outside(), capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip(" ×│╰─▶") for line in (done.stderr or done.stdout).strip().splitlines()[-12:]]
        raise StepError(" ".join(lines) if command[0] == "uv" else "\n".join([*lines[-1:], *lines[:-1]]))
    return done.stdout


def outside() -> dict[str, str]:
    """Return the environment variables without those that lead back into the workspace, or change how Python runs."""
    ours = ("PYTHON", "VIRTUAL_ENV", "UV_PROJECT", "UV_NO_SYNC")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def constraint_lines(wheels: Iterable[Wheel], torch: str) -> list[str]:
    """Return one line for each wheel, and one for torch where a version of it is given."""
    return [*(wheel.constraint for wheel in wheels), *([f"torch=={torch}"] if torch else [])]
