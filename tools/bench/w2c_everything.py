"""All questions that `w2c_calls.py` can ask about an image, kind by kind, whatever earlier answers say.

Written apart from `code_caption`'s own choice of questions, under the same names (`Ask.about`), so that replies can be
filed and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from code_caption import (
    WHOLE,
    Ask,
    AskModel,
    Decision,
    Evidence,
    ImageEvidence,
    Interview,
    Said,
    Unit,
    View,
    decide,
    interview_images,
    surviving_pairs,
)
from code_caption.checks.geometry import around
from code_caption.checks.questions import WriteBox
from PIL import Image

Pair = tuple[Unit, Unit]


class Subject(NamedTuple):
    """An image and how it is asked about."""

    id: str
    image: Image.Image
    interview: Interview
    """With one set of rules."""
    write_box: WriteBox
    control: str
    """A name that is not there."""


class Contest(NamedTuple):
    """Captions that compete, by what their claims are filed under."""

    label: str
    view: View
    said: Sequence[Said]


PhrasesOf = Callable[[Evidence, Iterable[Said]], None]
"""Adds the phrases of captions to the evidence."""


def said_in(evidence: Evidence) -> list[Said]:
    """All captions."""
    of_parts = [*evidence.region_captions.values(), *evidence.pair_captions.values()]
    return [*evidence.captions, *(one for many in of_parts for one in many)]


def exists_asks(evidence: Evidence, interview: Interview) -> list[Ask]:
    """Whether each box is there."""
    return [_exists(("exists", str(one.key)), one.name, one.box_xyxy_px, interview) for one in evidence.sightings]


def control_ask(evidence: Evidence, subject: Subject) -> Ask:
    """Whether what is not there is."""
    box = evidence.sightings[0].box_xyxy_px
    return _exists(("control", subject.control), subject.control, box, subject.interview)


def count_asks(evidence: Evidence, interview: Interview) -> list[Ask]:
    """Whether there are at least so many, for each name and every number from 1 to that of its boxes, which is last."""
    names = [one.name for one in evidence.sightings]
    asks: list[Ask] = []
    for name in sorted(set(names)):
        for number in range(1, names.count(name) + 1):
            places = {"count": number, "plural": interview.nouns.plural(name), "name": name}
            asks.append(Ask(("at_least", name, str(number)), interview.wording.at_least.format(**places)))
    return asks


def region_asks(evidence: Evidence, subject: Subject) -> list[Ask]:
    """Captions of each box."""
    interview = subject.interview
    return [
        Ask(("region", str(one.key)), _about_box(interview.wording.region, evidence, one.key, subject),
            interview.region_view.view(one.box_xyxy_px), interview.region_decoding)
        for one in evidence.sightings
    ]  # fmt: skip


def read_asks(evidence: Evidence, subject: Subject, time: int) -> list[Ask]:
    """What is written on each box, for the first (0) or second time."""
    interview = subject.interview
    framing = (interview.read_view, interview.reread_view)[time]
    return [
        Ask(("read", str(one.key), str(time)), _about_box(interview.wording.read, evidence, one.key, subject),
            framing.view(one.box_xyxy_px), interview.read_decoding)
        for one in evidence.sightings
    ]  # fmt: skip


def all_pairs(evidence: Evidence, interview: Interview) -> list[Pair]:
    """Pairs of all boxes, and of those that are left by the answers so far."""
    rules = interview.rules[0]
    unchecked = replace(rules, existence=False, control=False, counting="off")
    return list(dict.fromkeys([*surviving_pairs(evidence, unchecked), *surviving_pairs(evidence, rules)]))


def pair_asks(evidence: Evidence, subject: Subject, pairs: Iterable[Pair]) -> list[Ask]:
    """Captions of pairs."""
    interview, asks = subject.interview, list[Ask]()
    for a, b in pairs:
        box = around((a.box_xyxy_px, b.box_xyxy_px))
        called = [
            interview.nouns.plural(unit.name) if unit.is_group else interview.nouns.with_article(unit.name)
            for unit in (a, b)
        ]
        places = {"a": called[0], "b": called[1], "box": subject.write_box(box, evidence.size_wh)}
        text = interview.wording.pair.format(**places)
        asks.append(Ask(("pair", a.label, b.label), text, interview.pair_view.view(box), interview.pair_decoding))
    return asks


def contests(evidence: Evidence, interview: Interview, pairs: Iterable[Pair], *, image: bool) -> list[Contest]:
    """Captions of each box, of pairs, and of the image if wanted."""
    found = [
        Contest(str(one.key), interview.exists_view.view(one.box_xyxy_px), evidence.region_captions[one.key])
        for one in evidence.sightings
    ]
    # the default rules check pairs in the whole image, as published
    found += [Contest("", WHOLE, evidence.pair_captions[a.label, b.label]) for a, b in pairs]
    return [*found, Contest("", WHOLE, evidence.captions)] if image else found


def claim_asks(evidence: Evidence, interview: Interview, found: Iterable[Contest]) -> list[Ask]:
    """Every phrase of every caption."""
    asks: list[Ask] = []
    for label, view, said in found:
        for phrase in dict.fromkeys(phrase for one in said for phrase in evidence.phrases[one.text]):
            places = {"phrase": phrase, "a_phrase": interview.nouns.with_article(phrase)}
            asks.append(Ask(("claims", label, phrase), interview.wording.claims.format(**places), view))
    return asks


def ask_everything(evidence: Evidence, subject: Subject, model: AskModel, extract: PhrasesOf) -> Decision:
    """Ask all of it, and decide."""
    interview, one = subject.interview, ImageEvidence(subject.id, subject.image, evidence)

    def ask(asks: Iterable[Ask]) -> None:
        unanswered = iter([list(dict.fromkeys(asks)), []])
        interview_images([one], lambda _: next(unanswered), model)

    checks = [*exists_asks(evidence, interview), *count_asks(evidence, interview)]
    ask([*checks, control_ask(evidence, subject)] if subject.control else checks)
    pairs = all_pairs(evidence, interview)
    ask([*region_asks(evidence, subject), *pair_asks(evidence, subject, pairs), *read_asks(evidence, subject, 0)])
    ask(read_asks(evidence, subject, 1))
    found = contests(evidence, interview, pairs, image=True)
    extract(evidence, said_in(evidence))
    ask(claim_asks(evidence, interview, found))
    return decide(evidence, interview.rules[0])


def _exists(about: tuple[str, str], name: str, box: tuple[float, float, float, float], interview: Interview) -> Ask:
    text = interview.wording.exists.format(name=name, a_name=interview.nouns.with_article(name))
    return Ask(about, text, interview.exists_view.view(box))


def _about_box(wording: str, evidence: Evidence, key: int, subject: Subject) -> str:
    one = evidence.by_key()[key]
    places = {"name": one.name, "a_name": subject.interview.nouns.with_article(one.name)}
    return wording.format(**places, box=subject.write_box(one.box_xyxy_px, evidence.size_wh))
