"""Statements of a sentence: a subject, a form of to be, and what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from answer_judge.subjects import COVER, HIDDEN, about

NOT = re.compile(r"\b(?:not|n't|never|cannot|nor|neither|unlikely|hardly|less likely)\b|n't\b")
"""Words that turn a statement into its opposite."""


class Statement(NamedTuple):
    """The words `subject is rest`, and how they are meant."""

    about: int
    """`HIDDEN`, `OTHER` or `BLOCKS` of `subjects`."""
    rest: str
    """What follows the verb and its adverbs."""
    is_denied: bool
    """True: `it is not`."""
    is_possible: bool
    """True: could be, might be."""
    is_likely: bool
    """True: after `it is likely that`."""
    is_concluded: bool
    """True: after `therefore`, `we can deduce that`, `it is more likely that`."""
    is_evidence: bool
    """True: after `this suggests that`."""
    place: int
    """Character of the sentence where the rest begins."""


_HIDES_WEIGHT = HIDDEN - 1

_BE = "is|are|was|were|be|being"
_VERBS = (
    rf"(?:{_BE}|been) (?:best |also )?(?:identified|recogni[sz]ed|interpreted|described|classified|known|referred to)"
    rf" as|(?:{_BE}) called|{_BE}"
    "|represents?|appears? to be|seems? to be|seems? like|looks? like|resembles?|depicts?|turns out to be"
)
_COPULA = re.compile(rf"\b(?P<verb>{_VERBS})\b")
_HIDES = re.compile(
    r"\bblocks? (?:(?:are|is|could be|may be|might be|must be|likely|probably|most likely|seem to be|appear to be) )*"
    r"(?:hid(?:e|es|ing)|cover(?:s|ing)?|conceal(?:s|ing)?|obscur(?:e|es|ing)|occlud(?:e|es|ing))"
    r" (?:(?:the |our )?view of )?(?P<rest>an? [^\n]+)"
)
_IS_HIDDEN = re.compile(
    r"(?:^|\bthat |\bthere (?:is|are|must be|seems? to be|might be|may be|could be) |, )"
    r"(?:likely |probably |most likely )?(?P<rest>(?:an?|some|two|three|several) [a-z'-]+(?: [a-z'-]+){0,3}?)"
    r"(?: (?:is|are|must be|may be|might be|could be))?(?: likely| probably| most likely)?"
    r" (?:hidden|hiding|concealed|covered|obscured|occluded|obstructed|behind|beneath|underneath)"
    rf"(?: [a-z]+){{0,5}}? {COVER}\b"
)
MODAL = re.compile(r"\b(?:could|might|may|can|possibly|potentially|perhaps|maybe)\b")
"""Words that make a statement only possible."""

_POSSIBLE = re.compile(
    r"\b(?:possible|possibly|possibility|chance|perhaps|maybe|conceivable|could also|might also|may also)\b"
)
_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence|consequently|in conclusion|conclude|finally|accordingly|overall|considering all"
    r"|given these|based on (?:this|these|the provided|the above)|deduced?|inferred|infer"
    r"|more (?:likely|plausible|probable)|most (?:likely|plausible|probable) that"
    r"|(?:reasonable|safe|fair|logical) to (?:assume|say|conclude|infer))\b"
)
_LIKELY = re.compile(r"\b(?:likely|probable|plausible)(?: \w+){0,2} that\b")
_EVIDENCE = re.compile(r"\b(?:indicat|suggest|show|highlight|mean|imply|impli|hint)\w*(?: that)?$")
_DOUBTED = re.compile(
    r"\b(?:not|never|unable|hard|difficult|impossible|unlikely|doubt)\b"
    r"(?: (?!but|so|because|and|as|yet|however)[a-z']+){0,8}"
    r" (?:that|whether|if|think|believe|say|suppose|sure|certain|confident)$"
)
_DENIED_THOUGHT = re.compile(
    r"\bnot (?:think|believe|suppose|guess)(?: that)?$|\b(?:unlikely|doubt|doubtful)(?: that)?$"
)
_ASIDE = re.compile(
    r",\s*(?:if|although|though|while|which|who|when|given|based on|being|due to|because of)\b[^,]{0,120},"
)
_CLAUSE = re.compile(
    r"[,;:]|\b(?:that|because|since|so|therefore|thus|hence|and|but|although|though|while|whereas|if|whether|unless|when"
    r"|in case|or(?= (?:it|they|this|that|the)\b)|as|then|which|think|believe|guess|suppose|suspect|say|sure|certain"
    r"|confident|conclude|infer|deduce|assume|presume|determine|speculate|imagine|suggests?|indicates?|implies)\b"
)
_CONDITIONS = ("if", "whether", "unless", "when", "in case")
_AUXILIARIES = re.compile(
    r"\b(?:could|might|may|can|must|should|would|will|most|very|likely|probably|possibly|has|have|to|indeed|also)\b"
)
_ADVERB_WORDS = """
most more very quite highly also indeed neither likely probably possibly potentially perhaps maybe actually simply
definitely certainly clearly not n't be plausibly just only still either therefore thus then obviously surely
"""
_ADVERBS = re.compile(rf"^\s*(?:,?\s*(?:in fact|in reality|to be|{'|'.join(_ADVERB_WORDS.split())})\b,?\s*)*")
_MERELY = re.compile(r"\bnot (?:only|just|simply|merely|necessarily)\b")


def statements(sentence: str) -> Iterator[Statement]:
    """Yield the statements about the hidden thing, or about what may be it, of a sentence in plain lower case.

    >>> [one.rest for one in statements("so the tool behind the blocks is most likely a saw.")]
    ['a saw.']
    """
    for match in _COPULA.finditer(sentence):
        if one := _copular(sentence, match):
            yield one
    for match in (*_HIDES.finditer(sentence), *_IS_HIDDEN.finditer(sentence)):
        if not NOT.search(match[0]):
            yield _of_hiding(sentence, match)


def _of_hiding(sentence: str, match: re.Match[str]) -> Statement:
    """`the blocks hide a cat`, `a cat is hidden behind the blocks`."""
    is_possible = bool(MODAL.search(match[0]) or _POSSIBLE.search(sentence[: match.end("rest")]))
    return Statement(_HIDES_WEIGHT, match["rest"], False, is_possible, False, False, False, match.start("rest"))


def _copular(sentence: str, match: re.Match[str]) -> Statement | None:
    before = _ASIDE.sub(" ", sentence[: match.start()])
    governing, clause = _last_clause(before)
    lead, rest = _hedges(sentence[match.end() :])
    predicate = f"{clause} {match['verb']} {lead}"
    subject_is = about(" ".join(_AUXILIARIES.sub("", clause).split()))
    is_doubted = bool(_DENIED_THOUGHT.search(governing))
    is_open = governing.endswith(_CONDITIONS) or (bool(_DOUBTED.search(governing)) and not is_doubted)
    if not subject_is or is_open or _MERELY.search(predicate):
        return None
    is_presupposed = governing.endswith("fact that")
    is_concluded = bool(_CONCLUSION.search(before)) and not is_presupposed
    return Statement(
        about=subject_is,
        rest=rest,
        is_denied=is_doubted or bool(NOT.search(f"{clause} {lead}")),
        is_possible=bool(MODAL.search(predicate) or _POSSIBLE.search(before)),
        is_likely=bool(_LIKELY.search(before)) and not is_concluded,
        is_concluded=is_concluded,
        is_evidence=is_presupposed or bool(_EVIDENCE.search(governing)),
        place=len(sentence) - len(rest),
    )


def _last_clause(before: str) -> tuple[str, str]:
    """Return what governs the last clause, its conjunction included, and the clause."""
    cut = 0
    for match in _CLAUSE.finditer(before):
        cut = match.end()
    return before[:cut].strip(), before[cut:]


def _hedges(after: str) -> tuple[str, str]:
    match = _ADVERBS.match(after)
    cut = match.end() if match else 0
    return after[:cut], after[cut:]
