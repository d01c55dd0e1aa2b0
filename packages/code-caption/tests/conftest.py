"""Scripted judges, random worlds, and whole interviews without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

from code_caption import (
    Ask,
    Evidence,
    ImageAsks,
    ImageEvidence,
    Interview,
    QuestionWording,
    Reply,
    Said,
    Sighting,
    confirming_asks,
    describing_asks,
    interview_images,
    validating_asks,
)
from hypothesis import strategies as st
from PIL import Image

SIZE_WH = (100, 100)
IMAGE = Image.new("RGB", SIZE_WH)
BOX = (10.0, 10.0, 50.0, 50.0)
NAMES = ("duck", "cup", "bee")
PHRASES = ("duck", "red duck", "cup", "small cup", "bee", "hat", "old hat")

WORDING = QuestionWording(region="{name}?", pair="{a}, {b}?")
"""Questions from which a scripted model can read the names back."""


class ScriptedModel:
    """Answers by a function of image and question, or by a table of question keys; remembers what it was asked.

    A table holds True and False for checks, texts for everything else, and whole replies; what it lacks is answered
    by "no" and by the text "nothing".
    """

    def __init__(self, script: Callable[[str, Ask], Reply] | dict[str, object]) -> None:
        self.script = script
        self.rounds: list[list[ImageAsks]] = []

    def __call__(self, images: Sequence[ImageAsks]) -> list[list[Reply]]:
        self.rounds.append(list(images))
        return [[self.reply(one.image_id, ask) for ask in one.asks] for one in images]

    def reply(self, image_id: str, ask: Ask) -> Reply:
        if callable(self.script):
            return self.script(image_id, ask)
        said = self.script.get(ask.key, False if ask.decoding is None else ("nothing",))
        if isinstance(said, Reply):
            return said
        if isinstance(said, bool):
            return Reply(p_yes=float(said))
        texts = (said,) if isinstance(said, str) else said
        return Reply(texts=tuple(Said(text) for text in texts))

    @property
    def asks(self) -> list[Ask]:
        return [ask for images in self.rounds for one in images for ask in one.asks]

    @property
    def keys(self) -> list[str]:
        return [ask.key for ask in self.asks]


def share(*parts: object) -> float:
    """A number from 0 to 1 that is always the same for the same parts."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=4).digest()) / 2**32


def random_script(seed: int, *, error_share: float = 0.1) -> Callable[[str, Ask], Reply]:
    """A model whose replies depend on the question alone: on its words and on what it is shown."""

    def reply(_image_id: str, ask: Ask) -> Reply:
        about = (seed, ask.text, ask.view)
        if share(*about, "error", ask.about[0]) < error_share:
            return Reply(error="lost: no reply", sequences=0)
        if ask.decoding is None:
            return Reply(p_yes=share(*about))
        if ask.about[0] == "how_many":
            return Reply(texts=(Said(("none", "2", "Three.", "many")[int(4 * share(*about))]),))
        if ask.about[0] == "read":
            return Reply(texts=(Said(("no", "TERN", "TURN")[int(3 * share(*about))]),))
        return Reply(texts=tuple(random_caption(ask.text.rstrip("?"), *about, number) for number in range(3)))

    return reply


def random_caption(names: str, *about: object) -> Said:
    """Phrases with commas; one in five does not name what it is about, one in ten is cut off."""
    phrases = [phrase for phrase in PHRASES if share(about, phrase) < 0.4]
    start = names if share(about, "named") < 0.8 else "something"
    return Said(", ".join([start, *phrases]), -share(about, "likely"), share(about, "whole") < 0.9)


def note_phrases(evidence: Evidence) -> None:
    """Every part between commas is a claim."""
    many = (evidence.captions, *evidence.region_captions.values(), *evidence.pair_captions.values())
    for said in (one for several in many for one in several):
        phrases = (phrase.removeprefix("a ") for phrase in said.text.split(", "))
        evidence.phrases[said.text] = tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def hold_interview(
    evidence: Evidence, interview: Interview, model: ScriptedModel, *, control: str = "", image_id: str = "one"
) -> Evidence:
    """All three stages; what comes back is the evidence that went in."""

    def describing(one: ImageEvidence) -> list[Ask]:
        return describing_asks(one.evidence, interview, lambda box, size_wh: f"{box} of {size_wh}")

    def validating(one: ImageEvidence) -> list[Ask]:
        note_phrases(one.evidence)
        return validating_asks(one.evidence, interview)

    images = [ImageEvidence(image_id, IMAGE, evidence)]
    interview_images(images, lambda one: confirming_asks(one.evidence, interview, control=control), model)
    interview_images(images, describing, model)
    interview_images(images, validating, model)
    return evidence


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Sighting, ...], tuple[Said, ...]]:
    """Sightings, among them some of one name, and captions of the whole image."""
    corners = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6))
    sightings: list[Sighting] = []
    for key, (x, y) in enumerate(corners):
        side = draw(st.sampled_from([20, 40]))
        name, score = draw(st.sampled_from(NAMES)), draw(st.sampled_from([0.3, 0.6, 0.9]))
        sightings.append(Sighting(key, name, (10 * x, 10 * y, 10 * x + side, 10 * y + side), score))
    seed = draw(st.integers(0, 10**6))
    return tuple(sightings), tuple(random_caption("a duck", seed, number) for number in range(2))
