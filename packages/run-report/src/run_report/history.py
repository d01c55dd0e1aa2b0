"""Curves from the history that a training writes: a JSON list of entries, each a `step` with some metrics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from run_report.curves import Curve, Curves


def read_history(path: str | Path) -> list[dict[str, Any]]:
    """Read the entries of a history; none where there is no file yet."""
    path = Path(path)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def history_to_curve(history: Sequence[Mapping[str, Any]], metric: str, name: str) -> Curve:
    """One metric over the steps of the entries that have it; a curve without points where none has.

    >>> history_to_curve([{"step": 1, "loss": 2.5}, {"step": 1, "eval_loss": 2.4}], "loss", "train")
    Curve(name='train', x=[1], y=[2.5])
    """
    entries = [entry for entry in history if metric in entry]
    return Curve(name, [entry["step"] for entry in entries], [entry[metric] for entry in entries])


def loss_curves(paths: Iterable[str | Path], *, note: str = "", smoothing: float = 0.0) -> list[Curves]:
    """Losses of several trainings in one drawing, each called as the folder of its history; none before any has begun.

    Args:
        paths: of the histories.
        note: a sentence under the heading: of what the loss is.
        smoothing: as that of `Curves`.
    """
    curves = [history_to_curve(read_history(path), "loss", Path(path).parent.name) for path in paths]
    drawn = [curve for curve in curves if curve.x]
    return [Curves(drawn, title="Loss", note=note, y_label="nats a token", smoothing=smoothing)] if drawn else []
