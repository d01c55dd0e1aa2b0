"""A package's changelog: what stands under Unreleased goes under the new version."""

from __future__ import annotations

import re

from releasing.errors import ReleaseError

UNRELEASED = "## Unreleased"


def close_unreleased(text: str, version: str, date: str, path: str = "CHANGELOG.md") -> tuple[str, str]:
    r"""Return the changelog with its unreleased lines under the version, and those lines.

    The heading Unreleased stays on top, for what comes next; `path` is what errors call the file.

    Raises:
        ReleaseError: no such heading, or nothing under it.

    >>> close_unreleased("# Changelog\n\n## Unreleased\n\n- You can.\n", "0.2.0", "2026-11-26")
    ('# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-11-26)\n\n- You can.\n', '- You can.')
    """
    before, lines, after = _split(text, path)
    if not lines:
        raise ReleaseError(f"{path}: nothing stands under '{UNRELEASED}'. Write what a user gains, one line each.")
    parts = [before + UNRELEASED, f"## {version} ({date})", lines, *([after] if after else [])]
    return "\n\n".join(parts).rstrip("\n") + "\n", lines


def add_line(text: str, line: str, path: str = "CHANGELOG.md") -> str:
    r"""Return the changelog with one more line at the end of Unreleased.

    Raises:
        ReleaseError: no such heading.

    >>> add_line("# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-11-01)\n\n- You can.\n", "- More.")
    '# Changelog\n\n## Unreleased\n\n- More.\n\n## 0.1.0 (2026-11-01)\n\n- You can.\n'
    """
    before, lines, after = _split(text, path)
    parts = [before + UNRELEASED, "\n".join(filter(None, [lines, line])), *([after] if after else [])]
    return "\n\n".join(parts).rstrip("\n") + "\n"


def _split(text: str, path: str) -> tuple[str, str, str]:
    """Before the heading, what stands under it, and the older versions."""
    found = re.search(rf"^{UNRELEASED}[ \t]*$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ReleaseError(f"{path}: no heading '{UNRELEASED}'. Add it, and under it what a user gains, one line each.")
    return text[: found.start()], found[1].strip(), text[found.end() :]
