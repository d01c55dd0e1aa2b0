"""The question about what is hidden."""

from typing import Any

from shard_runner import Dropped, Failed, Outcome, Row, Stage, StageFn, file_digest

from cvc.construction import load_question_writer, text_model_config
from cvc.errors import InputError
from cvc.settings import CvcSettings


def question_stage(settings: CvcSettings) -> Stage:
    """Ask what is hidden: `stem`, `reasoning`, `short`, `category` and who wrote it, never naming the thing."""

    def make() -> StageFn:
        write = load_question_writer(settings)

        def ask(rows: list[Row]) -> list[Outcome]:
            questions = write([(row["head"], row["phrase"]) for row in rows])
            return [_asked(row, question) for row, question in zip(rows, questions, strict=True)]

        return ask

    config = settings.picked("questions", "question_fallback", "occluder")
    config |= {"lexicon": file_digest(settings.lexicon, error=InputError)}
    config |= text_model_config(settings, settings.questions)
    return Stage(name="question", make=make, config=config, batch_size=64)


def _asked(row: Row, question: Any) -> Outcome:
    from occlusion import OcclusionError, UnwrittenQuestion

    if isinstance(question, OcclusionError):
        return Dropped(question.reason, str(question))
    if isinstance(question, UnwrittenQuestion):
        unread = question.reason == "empty_reply"  # the request failed: the next run asks again
        return (Failed if unread else Dropped)(question.reason, f"{question.head}: {question.reply}")
    parts = {"stem": question.stem, "reasoning": question.reasoning, "short": question.short}
    writer = {"written_by": question.written_by, "llm_refusal": question.llm_refusal}
    return [row | parts | {"category": question.category} | writer]
