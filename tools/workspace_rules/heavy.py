"""Light cores: importing a member loads no engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from workspace_rules.members import Member

HEAVY = ("torch", "transformers", "spacy", "cv2", "sentence_transformers")
"""Modules that cost seconds; they belong inside the functions that need them."""


def heavy_import_problems(members: list[Member]) -> Iterator[str]:
    """Yield members whose `import` fails or loads a heavy module, each tried in a process of its own."""
    sources = os.pathsep.join(str(member.folder / "src") for member in members)
    for member in members:
        script = f"import sys, {member.import_name}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
        command = [sys.executable, "-P", "-c", script]
        environment = {**os.environ, "PYTHONPATH": sources, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            last_line = done.stderr.strip().rpartition("\n")[2]
            yield f"{member.shown(member.folder)}: import {member.import_name} fails: {last_line}"
        elif loaded := done.stdout.split():
            yield (
                f"{member.shown(member.folder)}: import {member.import_name} loads {', '.join(loaded)}; "
                "import it inside the function that needs it."
            )
