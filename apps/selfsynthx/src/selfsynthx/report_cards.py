"""Cards of the report: what is learned of a picture, with features and candidates; a held-out picture's answers."""

from typing import TYPE_CHECKING

from shard_runner import Row

from selfsynthx.evaluation import first_trial

if TYPE_CHECKING:
    from run_report import GalleryItem

MAX_SHOWN = 60
"""Cards in each gallery; each brings its picture into the file."""


def learned_card(row: Row, selected: Row) -> "GalleryItem":
    """A question with what is learned, the picture's features with scores, and every candidate, right or not."""
    from run_report import GalleryItem, ShownTrial

    features = sorted(selected["scores"], key=lambda one: -one["score"])
    trials = [ShownTrial(text=one["text"], verdict=one["right"], score=one["score"]) for one in row["candidates"]]
    return GalleryItem(
        id=row["id"],
        image=row["image"],
        question=row["question"],
        truth=row["label"],
        caption=f"learned ({row['verdict']}, {row['why']}): {row['answer']}",
        trials=trials,
        notes=[f"{'+' if one['kept'] else '−'} {one['text']} ({one['score']:.1f})" for one in features],
        tags=[row["verdict"], row["kind"]],
    )


def asked_card(row: Row, base: Row | None) -> "GalleryItem":
    """A held-out picture with the answers of the base model and the last round, and what can be seen."""
    from run_report import GalleryItem, ShownTrial, change_tag

    graded = [(name, first_trial(one)) for name, one in (("base", base), ("last round", row)) if one]
    right = {name: bool(trial["score"]) for name, trial in graded}
    by = "truth" if row["is_known"] else "base model"
    return GalleryItem(
        id=row["id"],
        image=row["image"],
        question=row["question"],
        truth=row["label"],
        trials=[ShownTrial(text=f"{name}: {trial['text']}", verdict=bool(trial["score"])) for name, trial in graded],
        notes=[f"{text} can be seen ({by})" for text in row["visible"]],
        tags=[row["label"], change_tag(right.get("base"), right["last round"])],
    )
