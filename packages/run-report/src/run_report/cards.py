"""An instance as its card shows it: the same plain values for the page's HTML and for the script that builds cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from run_report.filters import count_verdicts
from run_report.gallery import GalleryItem, ShownTrial
from run_report.numbers import format_number
from run_report.pictures import InlinePicture, inline_picture
from run_report.untrusted import to_name, to_text


@dataclass(frozen=True)
class CardTrial:
    """One trial as it is shown."""

    state: str
    """`right`, `wrong` or `unjudged`."""
    answer: str
    judged: str
    """Rung and score, or empty."""
    text: str


@dataclass(frozen=True)
class Card:
    """Everything on a card but its picture's pixels; texts are cut and printable, not yet escaped."""

    id: str
    truth: str
    question: str
    caption: str
    code: str
    notes: Sequence[str]
    tags: Sequence[str]
    rate: str
    """How many trials are right, in words."""
    trials: Sequence[CardTrial]
    picture: InlinePicture


MOULD = Card(
    *("-" * 5),
    notes=["-"],
    tags=["-"],
    rate="-",
    trials=[CardTrial("unjudged", "-", "-", "-")],
    picture=InlinePicture("data:,", 0, 0, False),
)
"""A card with every part, from which the page's script makes others."""


def item_to_card(item: GalleryItem, *, max_side_px: int) -> Card:
    """Cut and clean what an item says, and inline its picture."""
    return Card(
        id=to_name(item.id),
        truth=to_text(item.truth),
        question=to_text(item.question),
        caption=to_text(item.caption),
        code=to_text(item.code),
        notes=[to_text(note) for note in item.notes],
        tags=[to_name(tag) for tag in item.tags],
        rate=_rate(item),
        trials=[_trial(trial) for trial in item.trials],
        picture=inline_picture(item.image, max_side_px=max_side_px),
    )


def card_to_values(card: Card) -> dict[str, Any]:
    """The words of a card as JSON values; what is empty is left out.

    >>> card_to_values(item_to_card(GalleryItem(id="a", image=None, truth="duck"), max_side_px=9))
    {'id': 'a', 'truth': 'duck', 'problem': 'no image'}
    """
    trials = [[trial.state, trial.answer, trial.judged, trial.text] for trial in card.trials]
    picture = {"width": card.picture.width, "height": card.picture.height, "small": card.picture.is_small}
    values = {
        "id": card.id,
        "truth": card.truth,
        "question": card.question,
        "caption": card.caption,
        "code": card.code,
        "notes": card.notes,
        "tags": card.tags,
        "rate": card.rate,
        "trials": trials,
        "problem": card.picture.problem,
        **({} if card.picture.problem else picture),
    }
    return {name: value for name, value in values.items() if value}


def _trial(trial: ShownTrial) -> CardTrial:
    state = "unjudged" if trial.verdict is None else "right" if trial.verdict else "wrong"
    score = "" if trial.score is None else format_number(trial.score)
    judged = " ".join(part for part in (to_name(trial.rung), score) if part)
    return CardTrial(state, to_text(trial.answer) or "(no answer)", judged, to_text(trial.text))


def _rate(item: GalleryItem) -> str:
    right, judged = count_verdicts(item)
    if judged:
        return f"{right} of {judged} right"
    return f"{len(item.trials)} not judged" if item.trials else ""
