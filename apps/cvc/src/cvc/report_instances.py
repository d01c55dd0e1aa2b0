"""Sections on the instances of a run: what is hidden, how evenly, how well, and what still gives it away."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import TYPE_CHECKING

from shard_runner import Row

if TYPE_CHECKING:
    from run_report import Section

TOP_HEADS = 20
"""Kinds of things in the table."""


def instance_sections(rows: Sequence[Row]) -> "list[Section]":
    """Tables over the rows of `question`; none without rows."""
    return [_balance_table(rows), _hiding_table(rows)] if rows else []


def _balance_table(rows: Sequence[Row]) -> "Section":
    from occlusion import class_balance
    from run_report import Table

    balance = class_balance(rows)
    lines = [
        (str(one["class"]), str(one["name"]), str(one["instances"]), f"{100 * one['share']:.1f}")
        for one in balance.rows(top_heads=TOP_HEADS)
    ]
    note = (
        f"{balance.count} instances of {len(balance.heads)} things, as diverse as {balance.effective_heads:.1f} things "
        f"of equal share (exponential of the entropy); categories: {len(balance.categories)}, as diverse as "
        f"{balance.effective_categories:.1f}. --most-per-head evens them out."
    )
    return Table(("kind", "name", "instances", "%"), lines, title="What is hidden", note=note)


def _hiding_table(rows: Sequence[Row]) -> "Section":
    from run_report import Table

    measures = {
        "of the thing changed": [row["covered_share"] for row in rows],
        "of the image changed": [row["changed_share"] for row in rows],
        "of the surroundings as they were": [row["context_share"] for row in rows],
    }
    lines = [(name, *_percents(values)) for name, values in measures.items()]
    leaks = Counter(kind for row in rows for kind in row["leaks"])
    told = ", ".join(f"{kind} {count}" for kind, count in leaks.most_common()) or "none"
    note = f"What still gives a thing away, instances by kind: {told} (of {len(rows)}; --drop-leaks drops them)."
    return Table(("share, %", "mean", "least", "most"), lines, title="How well it is hidden", note=note)


def _percents(values: Sequence[float]) -> tuple[str, str, str]:
    return f"{100 * mean(values):.1f}", f"{100 * min(values):.1f}", f"{100 * max(values):.1f}"
