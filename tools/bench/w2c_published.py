"""The published way of asking, for `w2c_calls.py`: one prompt a call, and the likeliest of several sampled texts.

Captions of the whole image alone are asked for several images at a time. `Draw` is what answers: plain `generate` with
the prompt repeated, or a sampler that encodes it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from code_caption import WHOLE, Ask, Evidence, Said, show
from PIL import Image
from w2c_everything import (
    PhrasesOf,
    Subject,
    all_pairs,
    claim_asks,
    contests,
    count_asks,
    exists_asks,
    pair_asks,
    read_asks,
    region_asks,
)

BEST_OF, READ_BEST_OF, KEPT = 8, 4, 4
TEMPERATURE, TOP_P, MAX_NEW_TOKENS = 0.8, 0.95, 256


class Draw(Protocol):
    """Samples texts."""

    def __call__(self, texts: Sequence[str], pictures: Sequence[Image.Image], n: int) -> list[list[Said]]:
        """Return n texts for each prompt, with summed log-probabilities in place of mean ones, as published."""
        ...


def turns(text: str) -> list[dict[str, Any]]:
    """One question about one picture."""
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]


def plain_draw(model: Any, processor: Any) -> Draw:
    """Stock `generate`: every prompt n times, picture and all."""
    tokenizer = processor.tokenizer

    def draw(texts: Sequence[str], pictures: Sequence[Image.Image], n: int) -> list[list[Said]]:
        prompts = [processor.apply_chat_template(turns(text), tokenize=False) for text in texts]
        inputs = processor(images=list(pictures), text=prompts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            out = model.generate(
                **inputs, do_sample=True, temperature=TEMPERATURE, top_p=TOP_P, top_k=0, num_return_sequences=n,
                max_new_tokens=MAX_NEW_TOKENS, return_dict_in_generate=True, output_scores=True,
            )  # fmt: skip
            logps = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
        new = out.sequences[:, -logps.shape[1] :]
        sums = logps.masked_fill(new == tokenizer.pad_token_id, 0.0).sum(1).tolist()
        said = [
            Said(text.strip(), logp)
            for text, logp in zip(tokenizer.batch_decode(new, skip_special_tokens=True), sums, strict=True)
        ]
        return [said[start : start + n] for start in range(0, len(said), n)]

    return draw


def sampler_draw(sampler: Any) -> Draw:
    """A sampler of trial-sampler, which encodes a prompt once."""
    from trial_sampler import Request

    def draw(texts: Sequence[str], pictures: Sequence[Image.Image], n: int) -> list[list[Said]]:
        requests = [
            Request(
                id=str(index), messages=turns(text), images=[picture], n=n, temperature=TEMPERATURE, top_p=TOP_P,
                max_new_tokens=MAX_NEW_TOKENS,
            )
            for index, (text, picture) in enumerate(zip(texts, pictures, strict=True))
        ]  # fmt: skip
        results = sampler.sample(requests)
        return [[Said(trial.text, trial.logprob) for trial in result.trials] for result in results]

    return draw


@dataclass
class Published:
    """Asks about images as published, and notes what it took and what was answered."""

    draw: Draw
    calls: int = 0
    sequences: int = 0
    checks: list[tuple[Ask, str]] = field(default_factory=list[tuple[Ask, str]])
    """What was asked to be answered by yes or no, with the answer."""

    def describe_images(self, texts: Sequence[str], pictures: Sequence[Image.Image], at_once: int) -> None:
        """Captions of whole images: one text for all of them, then the next."""
        for text in texts:
            for start in range(0, len(pictures), at_once):
                some = pictures[start : start + at_once]
                self.draw([text] * len(some), some, BEST_OF)

    def interview(self, evidence: Evidence, subject: Subject, extract: PhrasesOf) -> None:
        """Read, describe, then check everything, whatever the answers are."""
        shown = subject.interview
        for ask in read_asks(evidence, subject, 0):
            self._best(ask, subject, READ_BEST_OF)
        for ask in region_asks(evidence, subject):
            evidence.region_captions[int(ask.about[1])] = self._best(ask, subject, BEST_OF)
        pairs = all_pairs(evidence, shown)  # without answers: those of all boxes
        for ask in pair_asks(evidence, subject, pairs):
            evidence.pair_captions[ask.about[1], ask.about[2]] = self._best(ask, subject, BEST_OF)
        found = contests(evidence, shown, pairs, image=False)
        extract(evidence, [one for contest in found for one in contest.said])
        last = {ask.about[1]: ask for ask in count_asks(evidence, shown)}
        for ask in (*exists_asks(evidence, shown), *claim_asks(evidence, shown, found), *last.values()):
            self.checks.append((ask, self._best(ask, subject, BEST_OF)[0].text))

    def _best(self, ask: Ask, subject: Subject, n: int) -> tuple[Said, ...]:
        self.calls, self.sequences = self.calls + 1, self.sequences + n
        picture = subject.image if ask.view == WHOLE else show(subject.image, ask.view)
        drawn = self.draw([ask.text], [picture], n)[0]
        return tuple(sorted(drawn, key=lambda said: -said.mean_logprob)[:KEPT])
