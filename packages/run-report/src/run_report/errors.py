"""What can go wrong while a report is written."""

from __future__ import annotations


class RunReportError(Exception):
    """Base of every error that this package raises on purpose; raised itself when a section cannot be drawn."""
