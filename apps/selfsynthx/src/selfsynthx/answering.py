"""Answers of later rounds, from the picture and the question alone: the stages `answer-2` and on."""

from pathlib import Path

from shard_runner import Done, Failed, Outcome, Row, Stage

from selfsynthx.models import Ask, Said, ask_rows, load_sampler_of, said_tokens
from selfsynthx.questions import Asked, later_questions
from selfsynthx.selecting import SELECT
from selfsynthx.settings import ASKING, SynthSettings
from selfsynthx.training import trained_folder, training_name


def answer_name(number: int) -> str:
    """Name of a round's stage."""
    return f"answer-{number}"


def answer_stage(settings: SynthSettings, run_dir: Path, number: int) -> Stage:
    """Ask the model of the round before; it is told neither label nor concepts.

    A row for each question: `{id, picture, image, label, concepts, scores, question, kind, place, candidates}`.
    """
    names = (*ASKING, "questions", "candidates", "answer_temperature", "answer_top_p", "answer_tokens")
    return Stage(
        name=answer_name(number),
        make=lambda: _Answer(settings, run_dir, number),
        config=settings.picked(*names) | {"questions_of": settings.spec.questions.model_dump(mode="json")},
        version="2",
        inputs=(SELECT, training_name(number - 1)),
        batch_size=settings.images_per_batch,
    )


class _Answer:
    """Pictures to candidate answers."""

    def __init__(self, settings: SynthSettings, run_dir: Path, number: int) -> None:
        self._settings, self._number = settings, number
        self._sampler = load_sampler_of(str(trained_folder(run_dir, number - 1)), settings)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        settings, number = self._settings, self._number
        asked = [later_questions(settings.spec, row["id"], settings.questions, settings.seed, number) for row in rows]
        asks = [[self._ask(place, one) for place, one in enumerate(of_row)] for of_row in asked]
        replies = ask_rows(self._sampler, rows, asks, seed=settings.seed)
        return [
            reply if isinstance(reply, Failed) else Done(self._answered(row, of_row, reply), said_tokens(reply))
            for row, of_row, reply in zip(rows, asked, replies, strict=True)
        ]

    def _ask(self, place: int, asked: Asked) -> Ask:
        settings = self._settings
        return Ask(
            f"r{self._number}q{place}",
            asked.text,
            n=settings.candidates,
            temperature=settings.answer_temperature,
            top_p=settings.answer_top_p,
            max_new_tokens=settings.answer_tokens,
        )

    def _answered(self, row: Row, asked: list[Asked], replies: list[list[Said]]) -> list[Row]:
        return [
            {
                **row,
                "id": f"{row['id']}#r{self._number}q{place}",
                "picture": row["id"],
                "place": place,
                "question": one.text,
                "kind": one.kind,
                "candidates": [{"text": said.text, "finish_reason": said.finish_reason} for said in of_one],
            }
            for place, (one, of_one) in enumerate(zip(asked, replies, strict=True))
        ]
