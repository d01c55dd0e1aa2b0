"""An engine that answers as a script says, behind the same small interface as vLLM's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from trial_sampler import Request
from trial_sampler.vllm import VllmSampler, VllmSettings
from trial_sampler.vllm.library import Library

VOCABULARY = ["", "Yes", " yes", "no", "No", "maybe", "y", *(f"yes{' ' * k}" for k in range(1, 200))]


class DeadEngine(Exception):
    """What the scripted engine raises once it is dead."""


class Lora(NamedTuple):
    """A named adapter."""

    lora_name: str
    lora_int_id: int
    lora_path: str


class TooLong(Exception):
    """A text that exceeds the context by itself, as the renderer reports it."""

    parameter = "input_tokens"


@dataclass
class Asked:
    """One call of `generate`."""

    prompt: Any
    params: Any
    name: str
    lora: Lora | None


def completion(text: str, *, index: int = 0, reason: str = "stop", logprob: float | None = -1.5) -> Any:
    """One `CompletionOutput`."""
    return SimpleNamespace(
        index=index, text=text, token_ids=[7] * (1 + len(text.split())), finish_reason=reason,
        cumulative_logprob=logprob, logprobs=None,
    )  # fmt: skip


def echo(asked: Asked) -> Any:
    """Answer with the prompt and the seed, once for each completion wanted, out of order."""
    wanted, seed = getattr(asked.params, "n", 1), getattr(asked.params, "seed", "greedy")
    outputs = [completion(f" {asked.prompt['text']} {seed} {k} ", index=k) for k in range(wanted)]
    return SimpleNamespace(outputs=outputs[::-1])


def likely(logprobs: Mapping[int, float]) -> Callable[[Asked], Any]:
    """Answer with the first token's log-probabilities."""

    def answer(asked: Asked) -> Any:
        found = {token: SimpleNamespace(logprob=logprobs.get(token, -50.0)) for token in asked.params.logprob_token_ids}
        output = completion("", reason="length")
        output.logprobs = [found]
        return SimpleNamespace(outputs=[output])

    return answer


@dataclass(frozen=True)
class TokParams:
    """How a prompt is tokenized."""

    add_special_tokens: bool = True

    def with_kwargs(self, **changes: Any) -> TokParams:
        return TokParams(**changes)


@dataclass
class ScriptedEngine:
    """Keeps what it was asked, and what was under way at once."""

    script: Callable[[Asked], Any] = echo
    model_config: Any = field(default_factory=lambda: SimpleNamespace(max_model_len=100))
    default_cmpl_tok_params: TokParams = field(default_factory=TokParams)
    errored: bool = False
    asked: list[Asked] = field(default_factory=list)
    rendered: list[tuple[Mapping[str, Any], TokParams]] = field(default_factory=list)
    most_under_way: int = 0
    shutdowns: int = 0
    aborted: int = 0
    hangs: bool = False
    _under_way: int = 0
    _seen: set[str] = field(default_factory=set)

    @property
    def renderer(self) -> ScriptedEngine:
        return self

    async def render_cmpl_async(self, prompts: Sequence[Any], tok_params: Any = None) -> Sequence[Any]:
        await asyncio.sleep(0)
        (prompt,) = prompts
        self.rendered.append((prompt, tok_params))
        if "unprocessable" in prompt["prompt"]:
            raise ValueError("the processor\nfailed")
        if "endless" in prompt["prompt"]:
            raise TooLong("a context of 100 tokens")
        ids = prompt.get("multi_modal_uuids", {}).get("image", [])
        carried = [id for id in ids if id not in self._seen]
        self._seen.update(ids)
        return [{"prompt_token_ids": list(prompt["prompt"]), "text": prompt["prompt"], "carried": carried}]

    async def generate(
        self, prompt: Any, sampling_params: Any, request_id: str, *, lora_request: Any = None
    ) -> AsyncGenerator[Any, None]:
        asked = Asked(prompt, sampling_params, request_id, lora_request)
        self.asked.append(asked)
        self._under_way += getattr(sampling_params, "n", 1)
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            await asyncio.sleep(3600 if self.hangs else 0.001)
            answer = self.script(asked)
            if isinstance(answer, Exception):
                raise answer
            yield answer
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        finally:
            self._under_way -= getattr(sampling_params, "n", 1)

    async def add_lora(self, lora_request: Any) -> bool:
        if "broken" in lora_request.lora_path:
            raise ValueError("no adapter there")
        return True

    def shutdown(self, timeout: float | None = None) -> None:
        self.shutdowns += 1


class Tokenizer:
    """A small vocabulary."""

    bos_token = "<s>"

    def __len__(self) -> int:
        return len(VOCABULARY)

    def batch_decode(self, rows: Sequence[Sequence[int]], **_: Any) -> list[str]:
        return ["".join(VOCABULARY[token] for token in row) for row in rows]


class Processor:
    """Writes a conversation as the texts of its parts."""

    image_token = "<image>"
    tokenizer = Tokenizer()

    def apply_chat_template(self, turns: Any, *, add_generation_prompt: bool, tokenize: bool) -> str:
        assert add_generation_prompt
        assert not tokenize
        parts = [part for turn in turns for part in turn["content"]]
        return "".join("<image>" if part["type"] == "image" else part["text"] for part in parts)


def scripted_params(**given: Any) -> Any:
    if given.get("top_p") == 0.123:
        raise ValueError("top_p looks wrong")
    return SimpleNamespace(**given)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def library(engine: ScriptedEngine) -> Library:
    def open_engine(arguments: Mapping[str, Any]) -> Any:
        asyncio.get_running_loop()
        engine.opened_with = arguments  # type: ignore[attr-defined]
        return engine

    return Library(open_engine, lambda model: Processor(), scripted_params, Lora, DeadEngine)


@pytest.fixture
def sampler_of(library: Library) -> Iterator[Callable[..., VllmSampler]]:
    opened: list[VllmSampler] = []

    def make(*, adapters: Mapping[str, str] | None = None, **settings: Any) -> VllmSampler:
        opened.append(VllmSampler("m", adapters=adapters, settings=VllmSettings(**settings), library=library))
        return opened[-1]

    yield make
    for sampler in opened:
        sampler.close()


@pytest.fixture
def ask_text() -> Callable[..., Request]:
    """A request without images, whose prompt is its question."""

    def make(index: int = 0, **changes: Any) -> Request:
        messages = [{"role": "user", "content": f"q{index}"}]
        return Request(**({"id": f"row-{index}", "messages": messages, "n": 1, "max_new_tokens": 8} | changes))

    return make


@pytest.fixture
def script() -> Any:
    """What scripts are made of."""
    return SimpleNamespace(echo=echo, likely=likely, completion=completion, DeadEngine=DeadEngine)
