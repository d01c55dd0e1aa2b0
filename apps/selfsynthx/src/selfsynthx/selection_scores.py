"""Are the chosen features those that can be seen? Against the truth, where it is known."""

from collections.abc import Iterable
from pathlib import Path

from shard_runner import Row, rows_so_far

from selfsynthx.selecting import SELECT
from selfsynthx.settings import SynthSettings
from selfsynthx.sources import read_truth


def score_selection(settings: SynthSettings, run_dir: Path) -> dict[str, float]:
    """Precision and recall of the chosen features, and the precision of taking all; nothing without --truth."""
    truth = read_truth(settings.truth)
    return selection_scores(
        row | {"visible": truth[row["id"]]} for row in rows_so_far(run_dir, SELECT) if row["id"] in truth
    )


def selection_scores(rows: Iterable[Row]) -> dict[str, float]:
    """The same of rows with `scores` and `visible`.

    >>> scores = [{"text": "red horns", "kept": True}, {"text": "long legs", "kept": False}]
    >>> selection_scores([{"scores": scores, "visible": ["red horns"]}])
    {'precision': 1.0, 'recall': 1.0, 'all_precision': 0.5}
    """
    kept = right = every = visible = 0
    for row in rows:
        for one in row["scores"]:
            can_be_seen = one["text"] in row["visible"]
            every, visible = every + 1, visible + can_be_seen
            kept, right = kept + one["kept"], right + (one["kept"] and can_be_seen)
    if not kept or not visible:
        return {}
    return {"precision": right / kept, "recall": right / visible, "all_precision": visible / every}
