"""How well do answers explain their labels, as a language model sees it?"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from answer_judge.cognition_prompt import cognition_prompt
from answer_judge.cognition_replies import Cognition, read_cognition
from answer_judge.errors import GenerationError
from answer_judge.text_generation import TextGenerator, generate_replies


class ExplainedAnswer(NamedTuple):
    """One answer to rate."""

    question: str
    """What was asked about the image."""
    answer: str
    """What is rated; untrusted."""
    label: str
    """The correct one."""
    concepts: Sequence[str] = ()
    """What is known to be visible in the image."""


class CognitionJudge:
    """Has a language model rate explanations from 1 to 5; each distinct answer is asked about once per call.

    Without a readable score there is none: the reason says why and is counted, and nothing is put in its place. Blank
    answers and those longer than `max_characters` are not sent. Safe to share between threads; their calls of
    `generate` are made one after another.

    Source: after the cognition score of arXiv 2502.14044, whose prompt is not public; the rubric is our own.

    >>> judge = CognitionJudge(lambda prompts: ['{"score": 4}'] * len(prompts))
    >>> judge.score("Which bird?", "A gull, for its pink legs.", "Western Gull", ["pink legs"]).score
    4
    """

    def __init__(self, generate: TextGenerator, *, batch_size: int = 256, max_characters: int = 6000) -> None:
        """Take the model (greedy; about 200 new tokens leave it room to think), and the most prompts in one call."""
        if batch_size < 1 or max_characters < 1:
            raise GenerationError(
                f"batch_size and max_characters must be at least 1; got {batch_size} and {max_characters}"
            )
        self._generate, self._batch_size, self._max_characters = generate, batch_size, max_characters
        self._reasons: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def reasons(self) -> Counter[str]:
        """How many answers were rated so far, by `Cognition.reason`."""
        with self._lock:
            return self._reasons.copy()

    def score(self, question: str, answer: str, label: str, concepts: Sequence[str] = ()) -> Cognition:
        """Return the rating of one answer.

        Raises:
            GenerationError: `generate` returned another number of replies than one, or no string.
        """
        return self.score_many([ExplainedAnswer(question, answer, label, concepts)])[0]

    def score_many(self, answers: Sequence[ExplainedAnswer]) -> list[Cognition]:
        """Return the rating of each answer, in order.

        Raises:
            GenerationError: `generate` returned another number of replies than it had prompts, or no strings.
        """
        prompts = [self._prompt(one) for one in answers]
        asked = list(dict.fromkeys(prompt for prompt in prompts if isinstance(prompt, str)))
        with self._lock:
            known: dict[str, Cognition] = {}
            for start in range(0, len(asked), self._batch_size):
                batch = asked[start : start + self._batch_size]
                replies = generate_replies(self._generate, batch)
                known |= {prompt: read_cognition(reply) for prompt, reply in zip(batch, replies, strict=True)}
            rated = [known[prompt] if isinstance(prompt, str) else prompt for prompt in prompts]
            self._reasons.update(one.reason for one in rated)
        return rated

    def _prompt(self, one: ExplainedAnswer) -> str | Cognition:
        """The prompt, or why there is nothing to ask."""
        if not one.answer.strip():
            return Cognition(None, "no answer", "")
        if len(one.answer) > self._max_characters:
            return Cognition(None, "answer too long", "")
        return cognition_prompt(one.question, one.answer, one.label, one.concepts)
