"""Drawn pictures with their boxes, for `w2c_calls.py`, and each side's way of asking the tiny model about them."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: threads of a tiny model wait for each other

import scene_world
import torch
from code_caption import (
    WHOLE,
    Ask,
    BoxText,
    Cost,
    Evidence,
    ImageAsks,
    ImageEvidence,
    Reply,
    Said,
    Sighting,
    confirming_asks,
    decide,
    describing_asks,
    find_concepts,
    interview_images,
    phrases_of,
    pick_control,
    read_yes_no,
    to_fractions,
    validating_asks,
)
from occlusion import SpacyEntities, blank_english, suppress
from PIL import Image
from transformers import AutoProcessor
from transformers.utils import logging
from trial_sampler import load_sampler
from two_turn import peak, start_peak
from w2c_everything import Subject, ask_everything, said_in
from w2c_published import BEST_OF, KEPT, MAX_NEW_TOKENS, TEMPERATURE, TOP_P, Draw, Published, plain_draw, sampler_draw
from world2code.models import ModelAsker
from world2code.world import FAST, world_settings

PICTURES, CAPTIONS_AT_ONCE, SIDE_BY_SIDE, BOX_THRESHOLD, BOX_TEXT = 3, 4, 32, 0.8, BoxText(frame="whole", step=0.05)
AS_PUBLISHED: dict[str, Any] = {
    "temperature": TEMPERATURE,
    "top_p": TOP_P,
    "captions": KEPT,
    "captions_drawn": BEST_OF,
    "max_new_tokens": MAX_NEW_TOKENS,
    "count_form": "at_least",
    "read_names": None,  # on everything
    "most_pairs": 4,
    "controls": [],
}
"""Where the tiny model's own settings differ."""


class Run(NamedTuple):
    """One side on all pictures."""

    captions_s: float
    """Processor time of captions of the whole pictures."""
    rest_s: float
    """Of confirm, describe and validate."""
    cost: Cost
    """Of all pictures."""
    peak_bytes: int
    """Above the loaded model."""
    found: list[Any]
    """Evidence of ours; of the published side the checks with their answers, picture by picture."""


class Pictures:
    """Drawn pictures with captions and boxes, and the tiny model, loaded."""

    def __init__(self) -> None:
        """Load the model, draw pictures, describe them and find what the captions name."""
        torch.set_num_threads(1)
        logging.disable_progress_bar()
        self._settings = world_settings(Path(), FAST, 0, **AS_PUBLISHED)
        path = str(scene_world.tiny_vlm_path())
        self._sampler: Any = load_sampler(path, backend="hf", device="cpu", batch_size=SIDE_BY_SIDE)
        self._processor = AutoProcessor.from_pretrained(path)
        self._model = ModelAsker(self._sampler)
        self._extract = SpacyEntities(blank_english(scene_world.LEXICON))
        scenes = [scene_world.sample_scene("w2c-calls", index, crowd=index % 2 == 0) for index in range(PICTURES)]
        subjects = [self._subject(scene.id, scene_world.render(scene)) for scene in scenes]
        said = self._describe(subjects)
        self._started = [self._ground(one, captions) for one, captions in zip(subjects, said, strict=True)]

    @property
    def boxes(self) -> int:
        """In all pictures."""
        return sum(len(evidence.sightings) for _, evidence in self._started)

    def ours(self) -> Run:
        """Stage by stage, all pictures together."""
        before, begun = start_peak(False), time.process_time()
        subjects = {one.id: one for one, _ in self._started}
        self._describe(list(subjects.values()))
        between = time.process_time()
        images = [ImageEvidence(one.id, one.image, evidence) for one, evidence in self._fresh()]
        costs = [Cost(2, 2 * BEST_OF)] * len(images)
        for stage in (self._confirming, self._describing, self._validating):
            costs += interview_images(
                images, lambda one, stage=stage: stage(one.evidence, subjects[one.image_id]), self._model
            )
        ended, cost = time.process_time(), Cost(*map(sum, zip(*costs, strict=True)))
        return Run(between - begun, ended - between, cost, peak(False) - before, [one.evidence for one in images])

    def published(self) -> Run:
        """Stock `generate`."""
        return self._published(plain_draw(self._sampler.model, self._processor))

    def published_by_our_sampler(self) -> Run:
        """The same calls to our sampler."""
        return self._published(sampler_draw(self._sampler))

    def _published(self, draw: Draw) -> Run:
        before, begun = start_peak(False), time.process_time()
        asked = [Published(draw) for _ in self._started]
        wording, pictures = self._settings.wording(), [one.image for one, _ in self._started]
        asked[0].describe_images([wording.detailed, wording.general], pictures, CAPTIONS_AT_ONCE)
        between = time.process_time()
        for one, (subject, evidence) in zip(asked, self._fresh(), strict=True):
            one.interview(evidence, subject, self._add_phrases)
        ended = time.process_time()
        costs = [Cost(one.calls + 2, one.sequences + 2 * BEST_OF) for one in asked]
        cost = Cost(*map(sum, zip(*costs, strict=True)))
        return Run(between - begun, ended - between, cost, peak(False) - before, [one.checks for one in asked])

    def do_decisions_agree(self, found: Sequence[Evidence]) -> bool:
        """Whether our evidence says what asking everything says."""
        return all(
            decide(evidence, subject.interview.rules[0])
            == ask_everything(start, subject, self._model, self._add_phrases)
            for evidence, (subject, start) in zip(found, self._fresh(), strict=True)
        )

    def sampled_agreement(self, checks: Sequence[list[tuple[Ask, str]]]) -> tuple[float, float]:
        """Of all sampled answers: the share that the first token agrees with, and that of neither yes nor no."""
        asked = [
            ImageAsks(one.id, one.image, tuple(ask for ask, _ in some))
            for (one, _), some in zip(self._started, checks, strict=True)
        ]
        sure = [reply.p_yes is not None and reply.p_yes >= 0.5 for replies in self._model(asked) for reply in replies]
        said = [read_yes_no(text) for some in checks for _, text in some]
        same = [yes == (word == "yes") for yes, word in zip(sure, said, strict=True)]
        return sum(same) / len(same), said.count("unknown") / len(said)

    def _subject(self, image_id: str, image: Image.Image) -> Subject:
        interview = self._settings.interview()
        return Subject(image_id, image, interview, lambda box, size: BOX_TEXT.write(to_fractions(box, size), size), "")

    def _describe(self, subjects: Sequence[Subject]) -> list[list[Reply]]:
        """Captions of whole pictures, of two kinds."""
        wording, decoding = self._settings.wording(), self._settings.caption_decoding()
        texts = {"detailed": wording.detailed, "general": wording.general}
        asks = tuple(Ask((kind,), text, WHOLE, decoding) for kind, text in texts.items())
        return self._model([ImageAsks(one.id, one.image, asks) for one in subjects])

    def _ground(self, subject: Subject, replies: Sequence[Reply]) -> tuple[Subject, Evidence]:
        """Boxes of what the captions name, and a name that is not there."""
        said = tuple(one for reply in replies for one in reply.texts)
        texts = [one.text for one in said]
        concepts = find_concepts(texts, self._extract).names
        boxes = suppress(scene_world.TemplateDetector(least_score=BOX_THRESHOLD)(subject.image, concepts))
        sightings = tuple(Sighting(key, one.phrase, one.box_xyxy_px, one.score) for key, one in enumerate(boxes))
        control = pick_control(sorted(scene_world.KINDS), texts, concepts, seed=subject.id)
        return subject._replace(control=control), Evidence(subject.image.size, sightings, said)

    def _fresh(self) -> list[tuple[Subject, Evidence]]:
        """The pictures as they are before confirm; answers go into the evidence."""
        return [(one, Evidence(start.size_wh, start.sightings, start.captions)) for one, start in self._started]

    def _confirming(self, evidence: Evidence, subject: Subject) -> list[Ask]:
        return confirming_asks(evidence, subject.interview, control=subject.control)

    def _describing(self, evidence: Evidence, subject: Subject) -> list[Ask]:
        return describing_asks(evidence, subject.interview, subject.write_box)

    def _validating(self, evidence: Evidence, subject: Subject) -> list[Ask]:
        self._add_phrases(evidence, said_in(evidence))
        return validating_asks(evidence, subject.interview)

    def _add_phrases(self, evidence: Evidence, said: Iterable[Said]) -> None:
        texts = sorted({one.text for one in said} - set(evidence.phrases))
        evidence.phrases.update(zip(texts, phrases_of(texts, self._extract), strict=True))


def run_in_a_fork(call: Callable[[], Run]) -> Run:
    """Run one side in a process of its own, which has the loaded model from this one."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(call()))
    process.start()
    there.close()  # so that a process that fails ends the wait
    done = here.recv()
    process.join()
    return done
