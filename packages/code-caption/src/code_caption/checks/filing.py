"""Replies into evidence."""

from __future__ import annotations

from collections.abc import Sequence

from code_caption.checks.answers import Answer, texts_to_answer
from code_caption.checks.asks import Ask, Reply
from code_caption.checks.evidence import Evidence
from code_caption.checks.reading import read_text
from code_caption.errors import EvidenceError
from code_caption.words.number_words import read_number


def file_replies(evidence: Evidence, asks: Sequence[Ask], replies: Sequence[Reply]) -> None:
    """Add what came back to the evidence; a question without a reply is an error there, and is not asked again.

    Raises:
        EvidenceError: a question is of another kind than those of the three stages.
    """
    for ask, reply in zip(asks, replies, strict=True):
        if ask.about[0] not in _FILE:
            raise EvidenceError("about", f"about must begin with one of {', '.join(_FILE)}; got {ask.about}.")
        if reply.error:
            evidence.errors[ask.key] = reply.error
        else:
            _FILE[ask.about[0]](evidence, ask.about[1:], reply)


def answer_of(reply: Reply) -> Answer:
    """The answer to a check, by probability or in words."""
    if reply.p_yes is not None:
        return Answer(reply.p_yes)
    return texts_to_answer([said.text for said in reply.texts])


def _file_exists(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.exists[int(about[0])] = answer_of(reply)


def _file_control(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.control = (about[0], answer_of(reply).p_yes)


def _file_at_least(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.counts[about[0], int(about[1])] = answer_of(reply)


def _file_how_many(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    """The share of answers that count at least so many, for every number that could be asked about."""
    numbers = [read_number(said.text) for said in reply.texts]
    known = bool(numbers) and None not in numbers
    most = sum(one.name == about[0] for one in evidence.sightings)
    for least in range(2, most + 1):
        share = sum(number is not None and number >= least for number in numbers) / max(1, len(numbers))
        evidence.counts[about[0], least] = Answer(share, known)


def _file_region(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.region_captions[int(about[0])] = reply.texts


def _file_read(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    before = evidence.readings.get(int(about[0]), ())
    text = read_text(reply.texts[0].text) if reply.texts and reply.texts[0].is_whole else ""
    evidence.readings[int(about[0])] = (*before, text)


def _file_pair(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.pair_captions[about[0], about[1]] = reply.texts


def _file_claims(evidence: Evidence, about: tuple[str, ...], reply: Reply) -> None:
    evidence.claims[about[0], about[1]] = answer_of(reply)


_FILE = {
    "exists": _file_exists,
    "control": _file_control,
    "at_least": _file_at_least,
    "how_many": _file_how_many,
    "region": _file_region,
    "read": _file_read,
    "pair": _file_pair,
    "claims": _file_claims,
}
