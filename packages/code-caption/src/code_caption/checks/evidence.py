"""All that a model said about one image, filed so that every rule can be applied to it again without asking."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from code_caption.checks.answers import Answer
from code_caption.checks.asks import Said, key_of
from code_caption.checks.sightings import Sighting, to_fractions
from code_caption.errors import SceneError


@dataclass
class Evidence:
    """What was seen and said of one image; answers are filed by key and phrase, never by position.

    Raises:
        SceneError: `keys`: two sightings have one key; `box_outside`: one lies outside of the image.
    """

    size_wh: tuple[int, int]
    """Of the upright original image, pixels."""
    sightings: tuple[Sighting, ...] = ()
    captions: tuple[Said, ...] = ()
    """Of the whole image, detailed ones first."""
    control: tuple[str, float] | None = None
    """A name that no caption holds, and p(yes) of the check whether it is there."""
    exists: dict[int, Answer] = field(default_factory=dict[int, Answer])
    """By key of the sighting."""
    counts: dict[tuple[str, int], Answer] = field(default_factory=dict[tuple[str, int], Answer])
    """By name and least number."""
    region_captions: dict[int, tuple[Said, ...]] = field(default_factory=dict[int, tuple[Said, ...]])
    """By key of the sighting."""
    readings: dict[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    """What was read once or twice, by key of the sighting; empty: nothing, or text that ran on to the longest
    length."""
    pair_captions: dict[tuple[str, str], tuple[Said, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[Said, ...]]
    )
    """By labels of the two units."""
    claims: dict[tuple[str, str], Answer] = field(default_factory=dict[tuple[str, str], Answer])
    """By view and phrase. A view is a key, `a|b` for the cut around a pair, or empty for the whole image."""
    phrases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What each text claims that can be checked."""
    errors: dict[str, str] = field(default_factory=dict[str, str])
    """Questions without a reply, by key of the question."""

    def __post_init__(self) -> None:
        if len(self.by_key()) < len(self.sightings):
            keys = [one.key for one in self.sightings]
            raise SceneError("keys", f"each sighting must have a key of its own; got {keys}.")
        for one in self.sightings:
            to_fractions(one.box_xyxy_px, self.size_wh)

    def error(self, *about: str) -> str:
        """Why a question has no reply; empty where it has one or was not asked."""
        return self.errors.get(key_of(about), "")

    def by_key(self) -> dict[int, Sighting]:
        """The sightings by their keys."""
        return {one.key: one for one in self.sightings}


def evidence_to_dict(evidence: Evidence) -> dict[str, Any]:
    """Plain values; mappings become lists, so that a table keeps their order and their types."""
    return {
        "size_wh": list(evidence.size_wh),
        "sightings": [asdict(one) | {"box_xyxy_px": list(one.box_xyxy_px)} for one in evidence.sightings],
        "captions": [asdict(said) for said in evidence.captions],
        "control": None if evidence.control is None else list(evidence.control),
        "exists": [[key, *_answer(answer)] for key, answer in sorted(evidence.exists.items())],
        "counts": [[name, least, *_answer(a)] for (name, least), a in sorted(evidence.counts.items())],
        "region_captions": [[key, list(map(asdict, said))] for key, said in sorted(evidence.region_captions.items())],
        "readings": [[key, list(texts)] for key, texts in sorted(evidence.readings.items())],
        "pair_captions": [[a, b, list(map(asdict, said))] for (a, b), said in sorted(evidence.pair_captions.items())],
        "claims": [[view, phrase, *_answer(a)] for (view, phrase), a in sorted(evidence.claims.items())],
        "phrases": [[text, list(found)] for text, found in sorted(evidence.phrases.items())],
        "errors": sorted(map(list, evidence.errors.items())),
    }


def dict_to_evidence(values: dict[str, Any]) -> Evidence:
    """The opposite of `evidence_to_dict`."""
    width, height = values["size_wh"]
    return Evidence(
        size_wh=(width, height),
        sightings=tuple(_sighting(one) for one in values["sightings"]),
        captions=_said(values["captions"]),
        control=None if values["control"] is None else (values["control"][0], values["control"][1]),
        exists={key: Answer(p, known) for key, p, known in values["exists"]},
        counts={(name, least): Answer(p, known) for name, least, p, known in values["counts"]},
        region_captions={key: _said(said) for key, said in values["region_captions"]},
        readings={key: tuple(texts) for key, texts in values["readings"]},
        pair_captions={(a, b): _said(said) for a, b, said in values["pair_captions"]},
        claims={(view, phrase): Answer(p, known) for view, phrase, p, known in values["claims"]},
        phrases={text: tuple(found) for text, found in values["phrases"]},
        errors=dict(values["errors"]),
    )


def _answer(answer: Answer) -> tuple[float, bool]:
    return answer.p_yes, answer.is_known


def _said(values: list[dict[str, Any]]) -> tuple[Said, ...]:
    return tuple(Said(one["text"], one["mean_logprob"], one["is_whole"]) for one in values)


def _sighting(values: dict[str, Any]) -> Sighting:
    x0, y0, x1, y1 = values["box_xyxy_px"]
    return Sighting(values["key"], values["name"], (x0, y0, x1, y1), values["score"])
