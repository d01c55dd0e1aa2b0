"""The page's own scripts and style, and the policy that lets a browser use nothing else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_EARLY = ("theme.js",)
_LATE = ("theme_button.js", "contents.js", "card.js", "gallery.js", "viewer.js", "curves.js")
_STYLE = ("colours.css", "page.css", "tables.css", "charts.css", "gallery.css", "print.css")


@dataclass(frozen=True)
class Assets:
    """Texts that stand in every page."""

    early: str
    """Script of the head, before anything is drawn."""
    late: str
    """Script at the end of the body."""
    style: str
    """Style sheet."""


@cache
def load_assets() -> Assets:
    """Read what the package brings along."""
    late = "\n{\n" + "\n".join(map(_read, _LATE)) + "}\n"
    return Assets(_joined(_EARLY), f'"use strict";{late}', _joined(_STYLE))


def content_policy(assets: Assets) -> str:
    """Forbid everything but the page's own scripts and style, named by digest, and inlined pictures.

    Trusted Types are required and none is allowed: not even a script of the page can turn text into HTML.

    >>> content_policy(Assets("", "", "")).split("; ")[:2]
    ["default-src 'none'", 'img-src data:']
    """
    rules = (
        "default-src 'none'",
        "img-src data:",
        f"style-src {_digest(assets.style)}",
        f"script-src {_digest(assets.early)} {_digest(assets.late)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(map(_read, names))


def _read(name: str) -> str:
    return files("run_report").joinpath("templates", name).read_text(encoding="utf-8")
