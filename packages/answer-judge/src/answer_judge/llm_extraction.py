"""Find the answer that a free text commits to, by a language model."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from answer_judge.extraction import UNKNOWN
from answer_judge.extraction_prompt import EXTRACTION_EXAMPLES, extraction_prompt
from answer_judge.llm_replies import Reason, parse_reply
from answer_judge.normalising import singular, words
from answer_judge.text_generation import TextGenerator, generate_replies


@dataclass(frozen=True)
class Extraction:
    """What a language model found in one text."""

    answer: str
    """A few words in lower case; alternatives joined by commas; `unknown` if there is none."""
    reason: Reason
    """`answered`, or why the answer is `unknown`."""
    reply: str
    """What the model said, at most 1,000 characters of it."""


class LlmExtractor:
    """Extracts answers with a language model; each distinct text is asked once.

    A reply that is empty, cannot be read or names something that the text does not mention gives `unknown` with that
    reason, and is counted: there is no fallback to rules. Texts are told apart by content, and the latest `max_cached`
    of them are kept in memory. Safe to share between threads; their calls of `generate` are made one after another.

    Source: arXiv 2508.04453 extracts with a few-shot prompt; wording and examples here are our own.

    >>> extractor = LlmExtractor(lambda prompts: ["Answer: a penguin."] * len(prompts))
    >>> extractor.extract("Snow and a beak, so a penguin.").answer
    'penguin'
    """

    def __init__(
        self,
        generate: TextGenerator,
        *,
        examples: Sequence[tuple[str, str]] = EXTRACTION_EXAMPLES,
        batch_size: int = 256,
        max_characters: int = 6000,
        must_be_mentioned: bool = True,
        max_cached: int = 100_000,
    ) -> None:
        """Take the model, and how to ask it.

        `examples` are texts with their answers; `batch_size` is the most prompts in one call; `max_characters` of a
        text are quoted; `must_be_mentioned` refuses answers whose last word the text lacks.
        """
        self._generate, self._batch_size = generate, batch_size
        self._examples, self._max_characters = tuple(examples), max_characters
        self._must_be_mentioned, self._max_cached = must_be_mentioned, max_cached
        self._known: OrderedDict[bytes, Extraction] = OrderedDict()
        self._reasons: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def reasons(self) -> Counter[str]:
        """How many distinct texts were asked so far, by `Extraction.reason`."""
        with self._lock:
            return self._reasons.copy()

    def extract(self, text: str) -> Extraction:
        """Return what the model finds in one text.

        Raises:
            GenerationError: `generate` returned another number of replies than one, or no string.
        """
        return self.extract_many([text])[0]

    def extract_many(self, texts: Sequence[str]) -> list[Extraction]:
        """Return what the model finds in each text, in order; equal texts are asked once.

        Raises:
            GenerationError: `generate` returned another number of replies than it had prompts, or no strings. What
                earlier batches found is kept.
        """
        keys = [_key(text) for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
            for start in range(0, len(new), self._batch_size):
                found |= self._learn(dict(list(new.items())[start : start + self._batch_size]))
        return [found[key] for key in keys]

    def _learn(self, texts: dict[bytes, str]) -> dict[bytes, Extraction]:
        asked = {key: text for key, text in texts.items() if text.strip()}
        replies = dict(zip(asked, self._replies(list(asked.values())), strict=True)) if asked else {}
        learnt = {key: self._read(text, replies.get(key)) for key, text in texts.items()}
        self._reasons.update(one.reason for one in learnt.values())
        self._known.update(learnt)
        while len(self._known) > self._max_cached:
            self._known.popitem(last=False)
        return learnt

    def _replies(self, texts: list[str]) -> list[str]:
        prompts = [
            extraction_prompt(text, examples=self._examples, max_characters=self._max_characters) for text in texts
        ]
        return generate_replies(self._generate, prompts)

    def _read(self, text: str, reply: str | None) -> Extraction:
        if reply is None:
            return Extraction(UNKNOWN, "no text", "")
        answer, reason = parse_reply(reply)
        if reason == "answered" and self._must_be_mentioned and not _mentions(text, answer):
            answer, reason = UNKNOWN, "not in the text"
        return Extraction(answer, reason, reply[:1000])


def _mentions(text: str, answer: str) -> bool:
    """Return whether the last word of every alternative occurs in a text, in the singular or plural."""
    nouns = [singular(word) for word in words(text)]
    heads = [[singular(word) for word in words(alternative)] for alternative in answer.split(", ")]
    closed_up = "".join(nouns)
    return all(head and (head[-1] in nouns or "".join(head) in closed_up) for head in heads)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
