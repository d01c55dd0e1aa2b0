"""Whether two runs answered the same questions under the same conditions."""

from __future__ import annotations

from bench_eval.errors import PairingError
from bench_eval.runs.saved_answers import SavedAnswers


def require_alike(before: SavedAnswers, after: SavedAnswers) -> None:
    """Refuse two sides that did not answer the same questions under the same conditions.

    A model that learned to ask for a crop may be compared with one that was asked at once, but not with other crops.

    Raises:
        PairingError: questions, decoding, crops, harness or judge differ.
    """
    one, other = before.record, after.record
    pairs = {
        "harness": (one.harness or "bench-eval", other.harness or "bench-eval"),
        "decoding": (one.decoding, other.decoding),
        "judge": (one.judge, other.judge),
        "prompt of the judge": (one.judge_rule, other.judge_rule),
        "number of judgements": (one.judge_runs, other.judge_runs),
        "zoom": (one.zoom, other.zoom if one.zoom and other.zoom else one.zoom),
    }
    for what, (left, right) in pairs.items():
        if left != right:
            got = f"{left or 'none'} and {right or 'none'}"
            raise PairingError(f"{one.task}: both runs need the same {what}; got {got}.")
    shared = {row["id"] for row in before.rows} & {row["id"] for row in after.rows}
    asked = [{row["id"]: row["answer"] for row in side.rows if row["id"] in shared} for side in (before, after)]
    changed = [row_id for row_id in shared if asked[0][row_id] != asked[1][row_id]]
    if changed:
        raise PairingError(f"{one.task}: both runs need the same data; {min(changed)!r} has another answer.")
    if not one.is_zoomed and not other.is_zoomed:
        texts = [{row["id"]: row["messages"] for row in side.rows if row["id"] in shared} for side in (before, after)]
        moved = [row_id for row_id in shared if texts[0][row_id] != texts[1][row_id]]
        if moved:
            raise PairingError(f"{one.task}: both runs need the same questions; {min(moved)!r} was put in other words.")


def turns_of(before: SavedAnswers, after: SavedAnswers) -> str:
    """Say which of two sides were asked in two turns; empty where none was."""
    one, other = before.record.is_zoomed, after.record.is_zoomed
    if one and other:
        return "asked in two turns"
    return f"{'before' if one else 'after'} alone asked in two turns" if one or other else ""
