"""Questions about what is hidden: by rules, or by a language model whose every question is checked."""

from occlusion.questions.llm_questions import LlmQuestions, QuestionRefusal, UnwrittenQuestion
from occlusion.questions.wording import REASONING_REQUEST, SHORT_REQUEST, HiddenBy, Question
from occlusion.questions.writing import tells, tells_phrase, write_question

__all__ = [
    "REASONING_REQUEST",
    "SHORT_REQUEST",
    "HiddenBy",
    "LlmQuestions",
    "Question",
    "QuestionRefusal",
    "UnwrittenQuestion",
    "tells",
    "tells_phrase",
    "write_question",
]
