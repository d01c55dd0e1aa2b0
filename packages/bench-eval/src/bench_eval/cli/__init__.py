"""`bench-eval`: benchmarks from the command line (extra `bench-eval[cli]`)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from bench_eval.cli.commands import make_commands
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("click", "pydantic", "yaml"):
            raise
        sys.exit(f"error: {error.name} is missing; install it with: pip install 'bench-eval[cli]'")
    make_commands()()
