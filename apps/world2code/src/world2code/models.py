"""Any backend of trial-sampler as `code_caption` asks it: loaded once, the requests of an image side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from trial_sampler import ModelSlot

from world2code.answer_book import BOOK, AnswerBook
from world2code.settings import W2cSettings

if TYPE_CHECKING:
    from code_caption import Ask, Decoding, ImageAsks, Reply
    from PIL import Image

_CHECK_TOKENS = 8
"""Longest check in words."""


class _Place(NamedTuple):
    """Where a reply belongs, and what was asked there."""

    image: int
    ask: int
    id: str
    text: str
    picture: Any
    decoding: Any


class ModelAsker:
    """A model that answers `code_caption.Ask`s; keeps `code_caption.AskModel`."""

    def __init__(self, sampler: Any, *, seed: int = 0, by_probability: bool = True) -> None:
        """Take a sampler of trial-sampler.

        Args:
            sampler: the model.
            seed: of the run.
            by_probability: answer checks by first-token probabilities; else in words.
        """
        self._sampler, self._seed, self._by_probability = sampler, seed, by_probability

    def __call__(self, images: "Sequence[ImageAsks]") -> "list[list[Reply]]":
        """Return a reply for each question of each image; what cannot be asked is an error of its own."""
        from code_caption import Reply
        from trial_sampler import keep_prompts

        replies: dict[tuple[int, int], Reply] = {}
        scored: list[_Place] = []
        drawn: list[_Place] = []
        for place in self._places(images):
            if place.picture is None:
                replies[place.image, place.ask] = Reply(error="view: it does not touch the image", sequences=0)
            else:
                (scored if place.decoding is None and self._by_probability else drawn).append(place)
        with keep_prompts(self._sampler):  # a picture that several questions are about is encoded once
            replies |= self._score(scored) | self._sample(drawn)
        return [[replies[i, k] for k in range(len(one.asks))] for i, one in enumerate(images)]

    def _places(self, images: "Sequence[ImageAsks]") -> list[_Place]:
        places: list[_Place] = []
        for i, one in enumerate(images):
            shown: dict[Any, Any] = {}
            for k, ask in enumerate(one.asks):
                if ask.view not in shown:
                    shown[ask.view] = _shown(one.image, ask)
                request_id = f"{one.image_id}/{ask.key}"
                places.append(_Place(i, k, request_id, ask.text, shown[ask.view], ask.decoding))
        return places

    def _score(self, places: Sequence[_Place]) -> "dict[tuple[int, int], Reply]":
        from code_caption import Reply
        from trial_sampler import ChoiceRequest, image_question

        requests = [ChoiceRequest(id=p.id, messages=image_question(p.text), images=[p.picture]) for p in places]
        found: dict[tuple[int, int], Reply] = {}
        for place, result in zip(places, self._sampler.score(requests) if requests else [], strict=True):
            if result.error is not None:
                found[place.image, place.ask] = Reply(error=f"{result.error.reason}: {result.error.detail}")
            else:
                found[place.image, place.ask] = Reply(p_yes=result.probabilities[0])
        return found

    def _sample(self, places: Sequence[_Place]) -> "dict[tuple[int, int], Reply]":
        from code_caption import Decoding

        check = Decoding(max_new_tokens=_CHECK_TOKENS)
        decodings = [place.decoding or check for place in places]
        requests = [self._request(p, d) for p, d in zip(places, decodings, strict=True)]
        results = self._sampler.sample(requests) if requests else []
        return {
            (place.image, place.ask): _reply(result, decoding)
            for place, decoding, result in zip(places, decodings, results, strict=True)
        }

    def _request(self, place: _Place, decoding: "Decoding") -> Any:
        from trial_sampler import Request, image_question

        return Request(
            id=place.id,
            messages=image_question(place.text),
            images=[place.picture],
            n=decoding.drawn or decoding.n,
            temperature=decoding.temperature,
            top_p=decoding.top_p,
            max_new_tokens=decoding.max_new_tokens,
            seed=self._seed,
        )


def _shown(image: "Image.Image", ask: "Ask") -> "Image.Image | None":
    from box_space import BoxError
    from code_caption import show

    try:
        return show(image, ask.view)
    except BoxError:
        return None


def _reply(result: Any, decoding: "Decoding") -> "Reply":
    """The likeliest texts by log-probability of a token, in the order in which they were drawn where equal."""
    from code_caption import Reply, Said

    if result.error is not None:
        return Reply(error=f"{result.error.reason}: {result.error.detail}", sequences=decoding.drawn or decoding.n)
    said = [Said(t.text, _mean_logprob(t), not t.is_truncated) for t in result.trials]
    best = sorted(range(len(said)), key=lambda index: -said[index].mean_logprob)[: decoding.n]
    return Reply(texts=tuple(said[index] for index in best), sequences=len(said), tokens=result.tokens)


def _mean_logprob(trial: Any) -> float:
    return 0.0 if trial.logprob is None else trial.logprob / max(1, trial.tokens or 1)


def model_identity(settings: W2cSettings) -> str:
    """What identifies the model that answers: its weights, or the name under which a server has it."""
    from llava_train import model_digest

    model = settings.needed_model()
    return model if settings.backend == "server" else model_digest(model)


def open_book(settings: W2cSettings, run_dir: Path) -> AnswerBook:
    """The model behind what it said before; it is opened once it is needed, once in a process."""
    by_probability = settings.yes_no == "probability" or (settings.yes_no == "auto" and settings.backend != "server")
    identity = settings.picked("backend", "dtype", "seed") | {"model": model_identity(settings), "p": by_probability}

    def load() -> ModelAsker:
        sampler = load_model(settings.needed_model(), settings)
        return ModelAsker(sampler, seed=settings.seed, by_probability=by_probability)

    return AnswerBook(run_dir / BOOK, identity, load)


def load_model(model: str, settings: W2cSettings) -> Any:
    """The sampler of a model; it stays in memory until another one is loaded, or `release_model`."""
    from llava_train import compute_dtype
    from transformers.utils import logging

    logging.disable_progress_bar()
    return _slot.load(
        model,
        backend=settings.backend,
        base_url=settings.base_url,
        device=settings.device,
        dtype=compute_dtype(settings),
        batch_size=settings.prompts_per_batch,
    )


def release_model() -> None:
    """Let go of the model in memory, before another one needs the room."""
    _slot.release()


_slot = ModelSlot()
"""The stages of a run follow one another in one process."""
