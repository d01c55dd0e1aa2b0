"""Clean environments outside the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from distributions.commands import run

Resolution = Literal["lowest", "newest"]
"""Which versions of the ranges: the floors of what is named in an installation, or the latest of everything."""

STRATEGIES: dict[Resolution, str] = {"lowest": "lowest-direct", "newest": "highest"}
"""What uv calls them."""


class Environment:
    """A virtual environment without pip, and the folder around it that commands run in."""

    def __init__(self, folder: Path, interpreter: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        run("uv", "venv", "--quiet", "--no-project", "--python", interpreter, ".venv", cwd=folder)

    @property
    def python(self) -> Path:
        """Return the path of its Python."""
        return self.folder / ".venv/bin/python"

    @property
    def site_packages(self) -> Path:
        """Return the folder of what is installed."""
        (found,) = self.folder.glob(".venv/lib/python*/site-packages")
        return found

    def install(
        self,
        targets: Iterable[str],
        constraints: Iterable[str],
        resolution: Resolution = "newest",
        *,
        only_wheels: bool = True,
    ) -> None:
        """Install targets; with `only_wheels` a version without a wheel for this Python does not count.

        Raises:
            CommandError: the ranges have no solution, or no index has a file.
        """
        (self.folder / "constraints.txt").write_text("\n".join(constraints) + "\n", encoding="utf-8")
        how = ["--constraints", "constraints.txt", "--resolution", STRATEGIES[resolution]]
        how += ["--only-binary", ":all:"] if only_wheels else []
        run("uv", "pip", "install", "--quiet", "--python", self.python, *how, *targets, cwd=self.folder)

    def frozen(self) -> list[str]:
        """Return what is installed, a line of requirements each: `a==1.2`, or `a @ file:...` for a named wheel."""
        return run("uv", "pip", "freeze", "--python", self.python, cwd=self.folder).splitlines()

    def size_mb(self) -> float:
        """Return the megabytes (of 10^6 bytes) of what is installed, byte code apart."""
        files = (path for path in self.site_packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return sum(path.stat().st_size for path in files if not path.name.startswith("_virtualenv")) / 1e6

    def script(self, code: str, *, folder: Path | None = None) -> str:
        """Run code that sees nothing but the environment, and return what it prints.

        Raises:
            CommandError: it fails.
        """
        return run(self.python, "-I", "-c", code, cwd=folder or self.folder)
