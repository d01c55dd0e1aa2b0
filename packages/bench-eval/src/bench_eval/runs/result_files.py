"""Results and comparisons as JSON, for people's own tools."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench_eval.runs.disagreements import DisagreementReport
from bench_eval.runs.run_comparisons import RunComparison
from bench_eval.runs.task_results import TaskResult


def results_to_json(results: list[TaskResult]) -> str:
    """Write results of one model as JSON text; what is no number is null."""
    return _to_json([asdict(result) for result in results])


def comparison_to_json(comparison: RunComparison) -> str:
    """Write a comparison as JSON text; what is no number is null."""
    return _to_json(asdict(comparison))


def disagreements_to_json(reports: Sequence[DisagreementReport]) -> str:
    """Write reports of disagreements as JSON text, every item; what is no number is null."""
    return _to_json([{**asdict(report), "pairs": report.pairs()} for report in reports])


def _to_json(value: Any) -> str:
    return json.dumps(_without_nan(value), indent=1, ensure_ascii=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return value
