"""Models of a run: one in memory at a time, asked for many pictures together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shard_runner import Failed, Row

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
    truncated: bool
    """Whether it was cut off at the token limit."""
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
    from trial_sampler import Request

    requests = [
        Request(
            id=f"{row['id']}/{ask.key}",
            messages=image_turn(ask.text),
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


def image_turn(text: str) -> list[dict[str, Any]]:
    """A question about a picture as a chat."""
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]


def _sampled(sampler: Any, requests: Sequence[Any]) -> Sequence[Any]:
    from trial_sampler import keep_prompts

    if not requests:
        return []
    with keep_prompts(sampler):
        return sampler.sample(requests)


def _answers(results: Sequence[Any]) -> list[list[Said]] | Failed:
    for result in results:
        if result.error is not None:
            return Failed(result.error.reason, result.error.detail, new_tokens(results))
    return [[Said(one.text, one.is_truncated, one.tokens or 0) for one in result.trials] for result in results]


def new_tokens(results: Iterable[Any]) -> int:
    """Tokens that a model wrote for what came of its requests, prompts not counted, as far as a server says."""
    return sum(trial.tokens or 0 for result in results for trial in result.trials)


def said_tokens(replies: Iterable[Iterable[Said]]) -> int:
    """The same of a row's answers."""
    return sum(said.tokens for of_one in replies for said in of_one)


def load_sampler_of(model: str, settings: SynthSettings) -> Any:
    """The sampler of a model; it stays in memory until another one is loaded, or `release_model`."""
    from llava_train import compute_dtype

    device = settings.device if settings.backend == "hf" and settings.device != "auto" else None
    dtype = compute_dtype(settings)
    return _load(
        model,
        backend=settings.backend,
        device=device,
        dtype=dtype,
        batch_size=settings.prompts_per_batch,
        base_url=None,
    )


def load_other(model: str, base_url: str | None, settings: SynthSettings) -> Any:
    """A model that only helps: one on a server, or weights in this process."""
    if base_url is None:
        return load_sampler_of(model, settings)
    return _load(
        model, backend="server", device=None, dtype=None, batch_size=settings.prompts_per_batch, base_url=base_url
    )


def other_identity(model: str | None, base_url: str | None, settings: SynthSettings) -> dict[str, Any]:
    """What the replies of `load_other` depend on: a name on a server, wherever that is, or weights and how they run."""
    from llava_train import model_digest

    if model is None or base_url is not None:
        return {"served": model}
    return {"weights": model_digest(model)} | settings.picked("backend", "dtype")


def release_model() -> None:
    """Let go of the model in memory, before another one needs the room."""
    _loaded.clear()


def model_identity(settings: SynthSettings) -> str:
    """What identifies the base model: its weights."""
    from llava_train import model_digest

    return model_digest(settings.needed_model())


_loaded: dict[tuple[Any, ...], Any] = {}
"""One model at most, by how it was opened: the stages of a run follow one another in one process."""


def _load(model: str, **how: Any) -> Any:
    from transformers.utils import logging
    from trial_sampler import load_sampler

    key = (model, *_items(how))
    if key not in _loaded:
        release_model()
        logging.disable_progress_bar()
        _loaded[key] = load_sampler(model, **how)
    return _loaded[key]


def _items(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(values.items())
