"""Asking a model in one turn or in two: steps `answers-NAME`."""

import functools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from statistics import median
from typing import TYPE_CHECKING, Any

from box_space import Box, OriginalPixels
from PIL import Image
from shard_runner import Done, Failed, Outcome, Row, Stage

from chain_of_spot.arms import Control, control_box, place_seed
from chain_of_spot.settings import ZOOM, CosSettings

if TYPE_CHECKING:
    from roi_attention.zoom import Frame
    from trial_sampler import SampleResult


def one_turn_stage(name: str, model: str, identity: str, task: str | None, settings: CosSettings) -> Stage:
    """Ask every question as it is; rows gain `trials`."""
    return _stage(name, lambda: _OneTurn(model, settings), identity, task, settings, {"turns": 1})


def two_turn_stage(
    name: str, model: str, identity: str, task: str | None, settings: CosSettings, control: Control | None = None
) -> Stage:
    """Ask where, then what; rows gain `trials`, `where_text`, `box_reading`, `box_xyxy_px`, `width`, `height`."""
    config: dict[str, Any] = {"turns": 2, "control": control, "seed": settings.seed}
    if control is not None:
        config["side"] = control_side(settings)
    return _stage(name, lambda: _TwoTurns(model, settings, control), identity, task, settings, config)


def _stage(
    name: str, make: Any, identity: str, task: str | None, settings: CosSettings, config: dict[str, Any]
) -> Stage:
    picked = settings.picked(*ZOOM, "max_where_tokens", "max_new_tokens", "dtype", "backend")
    inputs = ("eval-questions", *([task] if task else []))
    return Stage(
        name=f"answers-{name}",
        make=make,
        config=picked | config | {"model": identity},
        version="2",
        inputs=inputs,
        batch_size=settings.prompts_per_batch,
    )


class _OneTurn:
    """A model that answers at once."""

    def __init__(self, model: str, settings: CosSettings) -> None:
        from llava_train import load_processor

        self._responder = Responder.load(model, settings)
        self._frame: Frame = settings.zoom(load_processor(model)).frame

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from box_space import ImageError, open_image
        from roi_attention import ZoomError
        from roi_attention.zoom import Conversation, plain_row, shown_picture

        asked: dict[int, Conversation] = {}
        outcomes: dict[int, Outcome] = {}
        for number, row in enumerate(rows):
            try:
                picture = shown_picture(open_image(row["image"]), self._frame)
                turns = plain_row(row["question"], "-", picture, row_id=row["id"])["messages"][:1]
            except (ImageError, ZoomError) as error:
                outcomes[number] = Failed(error.reason, str(error))
            else:
                asked[number] = Conversation(row["id"], "answer", tuple(turns), (picture,))
        results: dict[str, SampleResult] = {}
        for number, said in zip(asked, self._responder(list(asked.values()), results), strict=True):
            outcomes[number] = _outcome(rows[number], said, [results[asked[number].id]])
        return [outcomes[number] for number in range(len(rows))]


class _TwoTurns:
    """A model that looks first."""

    def __init__(self, model: str, settings: CosSettings, control: Control | None) -> None:
        from llava_train import load_processor

        self._responder = Responder.load(model, settings)
        self._zoom = settings.zoom(load_processor(model))
        self._choose = None
        if control is not None:
            self._choose = functools.partial(_chosen, control, control_side(settings), settings.seed)

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        from roi_attention.zoom import Failure, ZoomItem, ask_many

        items = [ZoomItem(row["id"], row["image"], row["question"]) for row in rows]
        results: dict[str, SampleResult] = {}
        respond = functools.partial(self._responder, results=results)
        with self._responder.keeping():
            found = ask_many(respond, items, settings=self._zoom, choose_box=self._choose)
        outcomes: list[Outcome] = []
        for row, looked in zip(rows, found, strict=True):
            turns = [results[name] for name in (f"{row['id']}/where", f"{row['id']}/answer") if name in results]
            if isinstance(looked, Failure):
                detail, tokens = f"{looked.stage}: {looked.detail}", sum(turn.tokens for turn in turns)
                outcomes.append(Failed(looked.reason, detail, tokens))
            else:
                size = looked.box.space.original
                seen = {"where_text": looked.where_text, "box_reading": looked.where.verdict}
                seen |= {"box_xyxy_px": list(looked.box.xyxy), "width": size.width, "height": size.height}
                outcomes.append(_outcome(row | seen, looked.answer, turns))
        return outcomes


def control_side(settings: CosSettings) -> float:
    """Side of a control's crop as a share of the image's shorter side: the middle one of the regions' sides.

    Not that of the box which the control's model writes: what it writes after learning random places is noise.
    """
    return median(settings.sides)


def _chosen(control: Control, side: float, seed: int, image: Image.Image, question: str, where: Any) -> Box:
    side_px = side * min(image.size)
    size = Box(0, 0, side_px, side_px, OriginalPixels(*image.size))
    return control_box(control, size, place_seed(image, question, seed))


def _outcome(row: Row, said: Any, turns: "Sequence[SampleResult]") -> Outcome:
    tokens = sum(turn.tokens for turn in turns)
    if isinstance(said, str):
        trial = {"text": said, "finish_reason": turns[-1].trials[0].finish_reason}
        return Done([row | {"trials": [trial]}], tokens)
    return Failed(str(getattr(said, "reason", type(said).__name__)), str(said), tokens)


class Responder:
    """Any backend of trial-sampler as `roi_attention.zoom` wants it: greedy, prompts of first turns kept."""

    def __init__(self, sampler: Any, *, max_where_tokens: int, max_new_tokens: int) -> None:
        self._sampler = sampler
        self._tokens = {"where": max_where_tokens, "answer": max_new_tokens}

    @classmethod
    def load(
        cls, model: str, settings: CosSettings, *, backend: str | None = None, base_url: str | None = None
    ) -> "Responder":
        """Open a model for a run's settings."""
        from llava_train import compute_dtype
        from transformers.utils import logging
        from trial_sampler import load_sampler

        logging.disable_progress_bar()
        sampler = load_sampler(
            model,
            backend=backend or settings.backend,
            base_url=base_url,
            device=settings.device,
            dtype=compute_dtype(settings),
            batch_size=settings.prompts_per_batch,
        )
        return cls(sampler, max_where_tokens=settings.max_where_tokens, max_new_tokens=settings.max_new_tokens)

    def keeping(self) -> AbstractContextManager[None]:
        """While this lasts, second turns encode only what the first did not, where the backend can."""
        from trial_sampler import keep_prompts

        return keep_prompts(self._sampler)

    def __call__(self, conversations: Sequence[Any], results: "dict[str, SampleResult] | None" = None) -> list[Any]:
        """A text for each conversation, or the sampler's account of why there is none.

        Args:
            conversations: `roi_attention.zoom.Conversation`s.
            results: gains what the sampler made of each, by its id.
        """
        from trial_sampler import Request

        requests = [
            Request(
                id=one.id,
                messages=one.messages,
                images=one.images,
                temperature=0,
                max_new_tokens=self._tokens[one.stage],
            )
            for one in conversations
        ]
        sampled = self._sampler.sample(requests)
        if results is not None:
            results |= {result.id: result for result in sampled}
        return [result.error or result.trials[0].text for result in sampled]
