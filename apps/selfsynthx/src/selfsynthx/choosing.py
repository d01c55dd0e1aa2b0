"""Of each question's answers the one that is learned: the stages `choose-2` and on, rejection sampling."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Outcome, Row, Stage

from selfsynthx.answering import answer_name
from selfsynthx.answers_kept import fallback_row, kept_row
from selfsynthx.embedding import embedder_config, load_run_embedder
from selfsynthx.label_features import CONCEPTS, concepts_of
from selfsynthx.questions import Asked
from selfsynthx.right_answers import RightAnswers
from selfsynthx.settings import SynthSettings

if TYPE_CHECKING:
    from answer_judge import Selection

_BATCH = 256


def choose_name(number: int) -> str:
    """Name of a round's stage."""
    return f"choose-{number}"


def choose_stage(settings: SynthSettings, run_dir: Path, labels: Sequence[str], number: int) -> Stage:
    """Score each answer against the picture's concepts and take the best that reaches the label, or the label sentence.

    Exactly one row for each question.

    Source: arXiv 2502.14044, answer selection.
    """
    names = ("tau", "order", "published", "seed")
    about = {"dataset": settings.spec.model_dump(mode="json"), "labels": list(labels)}
    return Stage(
        name=choose_name(number),
        make=lambda: _Choose(settings, run_dir, labels, number),
        config=settings.picked(*names) | embedder_config(settings) | about,
        inputs=(answer_name(number), CONCEPTS),
        batch_size=_BATCH,
    )


class _Choose:
    """Questions with candidates to questions with an answer."""

    def __init__(self, settings: SynthSettings, run_dir: Path, labels: Sequence[str], number: int) -> None:
        from answer_judge import ConceptBank

        self._settings, self._number = settings, number
        self._right = RightAnswers(settings, labels)
        self._embedder = load_run_embedder(settings, run_dir)
        texts = [text for features in concepts_of(run_dir).values() for text in features]
        self._every = self._embedder(texts)
        self._vectors = dict(zip(texts, self._every, strict=True))
        self._bank = ConceptBank(texts, self._every)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        said = [one["text"].strip() or " " for row in rows for one in row["candidates"]]
        vectors = iter(self._embedder(said))
        return [[self._chosen(row, [next(vectors) for _ in row["candidates"]])] for row in rows]

    def _chosen(self, row: Row, vectors: list[Any]) -> Row:
        from answer_judge import ScoredAnswer, find_leak, select_answers

        candidates = [
            one | {"score": float(score), "right": self._right.names(one["text"], row["label"])}
            for one, score in zip(row["candidates"], self._scores(row, vectors), strict=True)
        ]
        group = [
            ScoredAnswer(one["text"].strip(), one["score"], one["finish_reason"] == "length") for one in candidates
        ]
        published = self._settings.published
        chosen = select_answers(
            [group],
            lambda text: self._right.names(text, row["label"]),
            order=self._settings.chosen_order,
            keep_truncated=published,
            leak=None if published else find_leak,
        )[0]
        return self._row(row | {"id": row["picture"]}, row["place"], chosen, candidates)

    def _scores(self, row: Row, vectors: list[Any]) -> Any:
        """InfoNCE of the answers; as published, the picture's own concepts are among the negatives."""
        from answer_judge import info_nce

        if self._settings.published:
            anchors = [self._vectors[text] for text in row["concepts"]]
            return info_nce(anchors, vectors, self._every, tau=self._settings.tau)
        return self._bank.score_answers(vectors, row["concepts"], tau=self._settings.tau)

    def _row(self, row: Row, place: int, chosen: "Selection", candidates: list[Row]) -> Row:
        more = {"candidates": candidates}
        if chosen.index is None:
            return fallback_row(row, self._number, place, _why(chosen), self._settings, **more)
        asked = Asked(row["kind"], row["question"])
        why = "best" if not chosen.rejected else "not_best"
        answer = candidates[chosen.index]["text"].strip()
        return kept_row(row, self._number, place, asked, answer, "accepted", why, **more)


def _why(chosen: "Selection") -> str:
    """Why no answer was taken, as a short slug."""
    if chosen.rejected:
        return "not_named"
    if chosen.leaked:
        return "leak"
    return "cut_off" if chosen.truncated else "no_answer"
