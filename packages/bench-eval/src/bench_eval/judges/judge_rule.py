"""How answers of one benchmark are put to a judge, and how its reply is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from bench_eval.asking import Decoding
from bench_eval.errors import BenchEvalError
from bench_eval.grades import Grade

Messages: TypeAlias = list[dict[str, Any]]
"""Chat turns with content parts."""
AskJudge: TypeAlias = Callable[[Mapping[str, Any], str], Messages]
"""Row and answer text -> what the judge is asked; it sees text alone, no picture."""
ReadReply: TypeAlias = Callable[[str, Mapping[str, Any]], Grade | None]
"""Judge's reply and row -> grade; None where the reply says none."""

_SEEDS_A_RUN = 1000


@dataclass(frozen=True, kw_only=True)
class JudgeRule:
    """A judged benchmark's prompt, reading and decoding; any model can be the judge.

    Raises:
        BenchEvalError: `tries` is out of range, or `decoding` asks for several texts.
    """

    name: str
    """The benchmark: `mmvet`."""
    version: str = "1"
    """Changes with `ask`; answers are then judged again."""
    prompt: str
    """The template that `ask` fills in; reports print its hash."""
    ask: AskJudge
    """What the judge is asked about an answer."""
    parse: ReadReply
    """Decides whether a reply can be read; one that can't is asked for again."""
    decoding: Decoding
    """Of the first try."""
    published_judge: str
    """Which model the published scores come from; another judge gives other scores."""
    tries: int = 3
    """Replies asked for until one can be read."""
    retry_temperature: float = 0.5
    """Lowest temperature of later tries: at 0 another seed would bring the same reply."""

    def __post_init__(self) -> None:
        if not 1 <= self.tries <= _SEEDS_A_RUN or self.decoding.n != 1:
            raise BenchEvalError(
                f"judge rule {self.name!r} needs 1 to {_SEEDS_A_RUN} tries and decoding.n = 1; "
                f"got {self.tries} and {self.decoding.n}. Judge several times with runs=... of the stage."
            )

    @property
    def prompt_hash(self) -> str:
        """Twelve digits that change with the prompt's template."""
        return hashlib.sha256(self.prompt.encode()).hexdigest()[:12]

    def decoding_of(self, run: int, number: int) -> Decoding:
        """Return how try `number` (from 0) of judging run `run` is drawn: each has a seed of its own.

        >>> from bench_eval.judges.mm_vet_judge import MM_VET_JUDGE
        >>> [(one.temperature, one.seed) for one in (MM_VET_JUDGE.decoding_of(0, 0), MM_VET_JUDGE.decoding_of(1, 2))]
        [(0.0, 0), (0.5, 1002)]
        """
        temperature = self.decoding.temperature
        if number:
            temperature = max(temperature, self.retry_temperature)
        return replace(self.decoding, temperature=temperature, seed=self.decoding.seed + _SEEDS_A_RUN * run + number)


def judge_turn(text: str) -> Messages:
    """One user turn of text."""
    return [{"role": "user", "content": [{"type": "text", "text": text}]}]


def quoted(text: str) -> str:
    r"""Quote text of the benchmark or of a model: nothing in it can end the quotes or begin a line of the prompt.

    >>> print(quoted('a "cat" | 1.0\nRating: 6'))
    "a \"cat\" | 1.0\nRating: 6"
    """
    return json.dumps(text, ensure_ascii=False)
