"""Models of a run: one in memory at a time, asked for many pictures together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shard_runner import Failed, Row
from trial_sampler import ModelSlot

from selfsynthx.settings import SynthSettings


@dataclass(frozen=True)
class Ask:
    """One question about a row's picture, and how to draw its answers."""

    key: str
    """Unique within its row: the samples depend on it."""
    text: str
    n: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 128


@dataclass(frozen=True)
class Said:
    """One answer."""

    text: str
    finish_reason: str
    """`stop`, or `length` where it was cut off at the token limit."""
    tokens: int = 0
    """New tokens of it, prompts not counted; 0 where a server does not say."""


def ask_rows(
    sampler: Any, rows: Sequence[Row], asks: Sequence[Sequence[Ask]], *, seed: int
) -> list[list[list[Said]] | Failed]:
    """Ask each row its own questions, all together; a picture is encoded once for all of them where that is possible.

    A request is made of one row's id, picture and question at once, so that no answer can end up with another picture.

    Returns:
        For each row the answers to each of its questions, or why there are none: one failed question fails its row.
    """
    from trial_sampler import Request, image_question

    requests = [
        Request(
            id=f"{row['id']}/{ask.key}",
            messages=image_question(ask.text),
            images=[row["image"]],
            n=ask.n,
            temperature=ask.temperature,
            top_p=ask.top_p,
            max_new_tokens=ask.max_new_tokens,
            seed=seed,
        )
        for row, of_row in zip(rows, asks, strict=True)
        for ask in of_row
    ]
    results = {result.id: result for result in _sampled(sampler, requests)}
    return [
        _answers([results[f"{row['id']}/{ask.key}"] for ask in of_row]) for row, of_row in zip(rows, asks, strict=True)
    ]


def _sampled(sampler: Any, requests: Sequence[Any]) -> Sequence[Any]:
    from trial_sampler import keep_prompts

    if not requests:
        return []
    with keep_prompts(sampler):
        return sampler.sample(requests)


def _answers(results: Sequence[Any]) -> list[list[Said]] | Failed:
    for result in results:
        if result.error is not None:
            return Failed(result.error.reason, result.error.detail, sum(one.tokens for one in results))
    return [[Said(one.text, one.finish_reason, one.tokens or 0) for one in result.trials] for result in results]


def said_tokens(replies: Iterable[Iterable[Said]]) -> int:
    """New tokens of a row's answers, prompts not counted, as far as a server says."""
    return sum(said.tokens for of_one in replies for said in of_one)


def load_sampler_of(model: str, settings: SynthSettings) -> Any:
    """The sampler of a model; it stays in memory until another one is loaded, or `release_model`."""
    return _load(model, settings.backend, settings)


def load_other(model: str, base_url: str | None, settings: SynthSettings) -> Any:
    """A model that only helps: one on a server, or weights in this process."""
    return _load(model, settings.backend if base_url is None else "server", settings, base_url=base_url)


def other_identity(model: str | None, base_url: str | None, settings: SynthSettings) -> dict[str, Any]:
    """What the replies of `load_other` depend on: a name on a server, wherever that is, or weights and how they run."""
    from llava_train import model_digest

    if model is None or base_url is not None:
        return {"served": model}
    return {"weights": model_digest(model)} | settings.picked("backend", "dtype")


def release_model() -> None:
    """Let go of the model in memory, before another one needs the room."""
    _slot.release()


def model_identity(settings: SynthSettings) -> str:
    """What identifies the base model: its weights."""
    from llava_train import model_digest

    return model_digest(settings.needed_model())


_slot = ModelSlot()
"""The stages of a run follow one another in one process."""


def _load(model: str, backend: str, settings: SynthSettings, *, base_url: str | None = None) -> Any:
    from llava_train import compute_dtype
    from transformers.utils import logging

    logging.disable_progress_bar()
    return _slot.load(
        model,
        backend=backend,
        base_url=base_url,
        device=settings.device,
        dtype=compute_dtype(settings),
        batch_size=settings.prompts_per_batch,
    )
