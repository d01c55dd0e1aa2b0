"""Which features of its label each picture shows: the stage `select`."""

from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import Outcome, Row, Stage

from selfsynthx.describing import DESCRIBE
from selfsynthx.embedding import embedder_config, load_run_embedder
from selfsynthx.label_features import CONCEPTS, concepts_of
from selfsynthx.settings import SynthSettings

if TYPE_CHECKING:
    from answer_judge import ConceptSelection

SELECT = "select"


def select_stage(settings: SynthSettings, run_dir: Path) -> Stage:
    """Score the label's features against the picture's descriptions and keep those that stand out.

    Rows lose `descriptions` and gain `concepts`, the best first, `scores` (of every feature of the label, each with
    `text`, `score` and `kept`) and `threshold`. Scores compare with the descriptions of all other pictures, so all rows
    are one batch.

    Source: arXiv 2502.14044, concept selection.
    """
    names = ("tau", "std_factor", "least_concepts", "negatives")
    return Stage(
        name=SELECT,
        make=lambda: lambda rows: _select(rows, settings, run_dir),
        config=settings.picked(*names) | embedder_config(settings),
        inputs=(DESCRIBE, CONCEPTS),
        whole_input=True,
    )


def _select(rows: list[Row], settings: SynthSettings, run_dir: Path) -> list[Outcome]:
    from answer_judge import group_by_image, score_concepts, select_concepts

    if not rows:
        return []
    features = concepts_of(run_dir)
    embedder = load_run_embedder(settings, run_dir)
    image_of = [number for number, row in enumerate(rows) for _ in row["descriptions"]]
    said = embedder([text for row in rows for text in row["descriptions"]])
    labels = [row["label"] for row in rows]
    known = {label: embedder(features[label]) for label in dict.fromkeys(labels)}
    scores = score_concepts(
        group_by_image(said, image_of), labels, known, tau=settings.tau, negatives=settings.negatives
    )
    chosen = [select_concepts(one, std_factor=settings.std_factor, at_least=settings.least_concepts) for one in scores]
    return [[_selected(row, features[row["label"]], one)] for row, one in zip(rows, chosen, strict=True)]


def _selected(row: Row, features: tuple[str, ...], chosen: "ConceptSelection") -> Row:
    kept = set(chosen.kept)
    scores = [
        {"text": text, "score": score, "kept": number in kept}
        for number, (text, score) in enumerate(zip(features, chosen.scores, strict=True))
    ]
    rest = {name: value for name, value in row.items() if name != "descriptions"}
    concepts = [features[number] for number in chosen.kept]
    return rest | {"concepts": concepts, "scores": scores, "threshold": chosen.threshold}
