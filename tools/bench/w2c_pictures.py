"""Drawn pictures with their boxes, for `w2c_calls.py`, and each side's way of asking the tiny model about them."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: threads of a tiny model wait for each other

import torch
from code_caption import (
    Ask,
    Cost,
    Evidence,
    ImageAsks,
    decide,
    dict_to_evidence,
    phrases_of,
    pick_control,
    read_yes_no,
    to_fractions,
)
from shard_runner import read_rows
from shard_runner import run as run_pipeline
from two_turn import peak, start_peak
from w2c_everything import Contest, Subject, ask_everything
from w2c_published import BEST_OF, Draw, Published, plain_draw, sampler_draw
from world2code.captioning import captions_stage
from world2code.grounding import noun_phrases
from world2code.interviewing import CALLS, SEQUENCES, confirm_stage, control_names, describe_stage, validate_stage
from world2code.models import load_asker, load_model
from world2code.pipeline import build_pipeline
from world2code.row_evidence import start_evidence
from world2code.rows import box_text
from world2code.settings import W2cSettings
from world2code.sources import open_row_image
from world2code.world import WorldSize, world_settings, write_world

SIZE, CAPTIONS_AT_ONCE = WorldSize(scenes=4, held_out=1, steps=1), 4
AS_PUBLISHED: dict[str, Any] = {
    "temperature": 0.8,
    "top_p": 0.95,
    "max_new_tokens": 256,
    "count_form": "at_least",
    "read_names": None,  # the published way reads on everything
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
    """Rows of ours; of the published side the checks with their answers, picture by picture."""


class Pictures:
    """Drawn pictures with captions and boxes, and the tiny model, loaded."""

    def __init__(self, folder: Path) -> None:
        """Draw them, and find their boxes as the app does."""
        torch.set_num_threads(1)
        write_world(folder / "world", SIZE, 0)
        self._folder = folder
        self._settings: W2cSettings = world_settings(folder / "world", SIZE, 0, **AS_PUBLISHED)
        run_pipeline(build_pipeline(self._settings, folder), folder, seed=0, only=["ground"], progress=False)
        self._plain_rows, self.rows = list(read_rows(folder, "images")), list(read_rows(folder, "ground"))
        self._sampler = load_model(self._settings.needed_model(), self._settings)
        self._extract, text = noun_phrases(self._settings), box_text(self._settings)
        self._write_box = lambda box, size_wh: text.write(to_fractions(box, size_wh), size_wh)

    def ours(self) -> Run:
        """The app's steps, all pictures together."""
        before, begun = start_peak(False), time.process_time()
        captions_stage(self._settings, self._folder).make()(self._plain_rows)
        between, rows = time.process_time(), self.rows
        for stage in (confirm_stage, describe_stage, validate_stage):
            outcomes = stage(self._settings, self._folder).make()(rows)
            rows = [row for outcome in outcomes for row in outcome]
        ended, count = time.process_time(), len(rows)
        cost = Cost(2 * count + sum(r[CALLS] for r in rows), 2 * BEST_OF * count + sum(r[SEQUENCES] for r in rows))
        return Run(between - begun, ended - between, cost, peak(False) - before, rows)

    def published(self) -> Run:
        """Stock `generate`."""
        return self._published(plain_draw(self._sampler.model, self._processor()))

    def published_by_our_sampler(self) -> Run:
        """The same calls to our sampler."""
        return self._published(sampler_draw(self._sampler))

    def _published(self, draw: Draw) -> Run:
        before, begun = start_peak(False), time.process_time()
        asked = [Published(draw) for _ in self.rows]
        wording = self._settings.wording()
        opened = [open_row_image(row, self._settings, self._folder) for row in self._plain_rows]
        asked[0].describe_images([wording.detailed, wording.general], opened, CAPTIONS_AT_ONCE)
        between = time.process_time()
        for one, row in zip(asked, self.rows, strict=True):
            one.interview(start_evidence(row), self._subject(row), self._add_phrases)
        ended, count = time.process_time(), len(self.rows)
        cost = Cost(
            2 * count + sum(one.calls for one in asked), 2 * BEST_OF * count + sum(one.sequences for one in asked)
        )
        return Run(between - begun, ended - between, cost, peak(False) - before, [one.checks for one in asked])

    def do_decisions_agree(self, rows: Sequence[Any]) -> bool:
        """Whether our rows say what asking everything says."""
        model, rules = load_asker(self._settings.needed_model(), self._settings), self._settings.interview().rules[0]
        return all(
            decide(dict_to_evidence(row["evidence"]), rules)
            == ask_everything(start_evidence(start), self._subject(start), model, self._add_phrases)
            for row, start in zip(rows, self.rows, strict=True)
        )

    def sampled_agreement(self, checks: Sequence[list[tuple[Ask, str]]]) -> tuple[float, float]:
        """Of all sampled answers: the share that the first token agrees with, and that of neither yes nor no."""
        model = load_asker(self._settings.needed_model(), self._settings)
        asked = [
            ImageAsks(row["id"], self._subject(row).image, tuple(ask for ask, _ in some))
            for row, some in zip(self.rows, checks, strict=True)
        ]
        sure = [reply.p_yes is not None and reply.p_yes >= 0.5 for replies in model(asked) for reply in replies]
        said = [read_yes_no(text) for some in checks for _, text in some]
        same = [yes == (word == "yes") for yes, word in zip(sure, said, strict=True)]
        return sum(same) / len(same), said.count("unknown") / len(said)

    def _subject(self, row: dict[str, Any]) -> Subject:
        said = [one["text"] for one in row["captions"]]
        names, seed = control_names(self._settings), f"{self._settings.seed}/{row['id']}"
        control = pick_control(names, said, row["concepts"], seed=seed)
        image = open_row_image(row, self._settings, self._folder)
        return Subject(row["id"], image, self._settings.interview(), self._write_box, control)

    def _add_phrases(self, evidence: Evidence, found: Sequence[Contest]) -> None:
        texts = sorted({said.text for contest in found for said in contest.said})
        evidence.phrases.update(zip(texts, phrases_of(texts, self._extract), strict=True))

    def _processor(self) -> Any:
        from llava_train import load_processor

        return load_processor(self._settings.needed_model())


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
