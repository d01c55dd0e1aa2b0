"""Every package alone: built, installed into clean environments outside the workspace, imported, used and tested."""

from __future__ import annotations

from standing_alone.command import main

__all__ = ["main"]
