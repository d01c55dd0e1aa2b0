"""The first round's answers, from a teacher that is told label and concepts: the stage `synthesise`."""

from collections.abc import Sequence

from shard_runner import Done, Failed, Outcome, Row, Stage

from selfsynthx.answers_kept import fallback_row, kept_row
from selfsynthx.datasets.filling import label_sentence, teacher_prompt
from selfsynthx.models import Ask, Said, ask_rows, load_sampler_of, model_identity, said_tokens
from selfsynthx.questions import Asked, first_questions
from selfsynthx.right_answers import RightAnswers
from selfsynthx.selecting import SELECT
from selfsynthx.settings import ASKING, SynthSettings

SYNTHESISE = "synthesise"


def synthesise_stage(settings: SynthSettings, labels: Sequence[str]) -> Stage:
    """Ask the base model, which is told label and concepts; rows are questions as they stand in the pool, and answers.

    What the teacher was told is never learned: the question is kept as it was drawn. An answer that does not name the
    label, tells what it was told, or was cut off is not learned; a name that is only misspelled is put right.
    """
    names = (*ASKING, "questions", "teacher_temperature", "teacher_tokens", "rescue", "published")
    return Stage(
        name=SYNTHESISE,
        make=lambda: _Synthesise(settings, labels),
        config=settings.picked(*names)
        | {"model": model_identity(settings), "dataset": settings.spec.model_dump(mode="json"), "labels": list(labels)},
        version="2",
        inputs=(SELECT,),
        batch_size=settings.images_per_batch,
    )


class _Synthesise:
    """Pictures with concepts to questions with answers."""

    def __init__(self, settings: SynthSettings, labels: Sequence[str]) -> None:
        self._settings = settings
        self._right = RightAnswers(settings, labels)
        self._sampler = load_sampler_of(settings.needed_model(), settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        settings = self._settings
        asked = [first_questions(settings.spec, row["id"], settings.questions, settings.seed) for row in rows]
        asks = [self._asks(row, of_row) for row, of_row in zip(rows, asked, strict=True)]
        replies = ask_rows(self._sampler, rows, asks, seed=settings.seed)
        return [
            reply if isinstance(reply, Failed) else Done(self._kept(row, of_row, of_asks, reply), said_tokens(reply))
            for row, of_row, of_asks, reply in zip(rows, asked, asks, replies, strict=True)
        ]

    def _asks(self, row: Row, asked: Sequence[Asked]) -> list[Ask]:
        settings, told = self._settings, {"label": row["label"], "concepts": row["concepts"]}
        return [
            Ask(
                f"r1q{place}",
                teacher_prompt(settings.spec, question=one.text, **told),
                temperature=settings.teacher_temperature,
                max_new_tokens=settings.teacher_tokens,
            )
            for place, one in enumerate(asked)
        ]

    def _kept(
        self, row: Row, asked: Sequence[Asked], asks: Sequence[Ask], replies: Sequence[Sequence[Said]]
    ) -> list[Row]:
        told = zip(asked, asks, replies, strict=True)
        kept = [self._one(row, place, one, ask, said[0]) for place, (one, ask, said) in enumerate(told)]
        return [one for one in kept if one is not None]

    def _one(self, row: Row, place: int, asked: Asked, ask: Ask, said: Said) -> Row | None:
        text, right = said.text.strip(), self._right.names(said.text, row["label"])
        candidate = {"text": said.text, "finish_reason": said.finish_reason, "right": right, "score": None}
        shown = {"candidates": [candidate | {"prompt": ask.text}]}
        why = self._right.fault(text, said.finish_reason == "length", row["label"])
        if not why:
            return kept_row(row, 1, place, asked, text, "accepted", "named", **shown)
        if why == "not_named" and self._right.is_nearly_named(text, row["label"]):
            repaired = f"{text} {label_sentence(self._settings.spec, row['label'])}"
            return kept_row(row, 1, place, asked, repaired, "repaired", "misspelled", **shown)
        # the released code means to fall back too, and leaves the question out
        return None if self._settings.published else fallback_row(row, 1, place, why, self._settings, **shown)
