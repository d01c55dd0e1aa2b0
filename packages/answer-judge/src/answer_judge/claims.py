"""What the sentences of a rationale claim and deny about the answer, and how firmly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from answer_judge.answer_phrases import answer_phrase
from answer_judge.statements import MODAL, NOT, Statement, statements
from answer_judge.subjects import is_generic

LABEL = 10
"""Weight of what is labelled as the answer."""
_REVERSED, _BELIEF, _NAMED_CANDIDATE, _DEPICTED, _BARE_LIKELY, _PRESENT = 6, 5, 5, 5, 4, 2
_CONCLUDES, _LIKELY, _ONLY_POSSIBLE, _EVIDENCE, _GENERIC = 2, 1, -1, -1, -3


class Claim(NamedTuple):
    """One thing that a sentence says about the answer."""

    weight: int
    """10: labelled as the answer ... 0: a generic word that is only possible."""
    answers: tuple[str, ...]
    """Equally likely alternatives of a few words; none where the text says that it has no answer."""
    is_possible: bool = False
    """True: could be, might be."""
    is_conditional: bool = False
    """True: `it is a van if it is small`."""
    place: int = 0
    """Character of the sentence, for order."""


class Denial(NamedTuple):
    """What a sentence rules out."""

    answers: tuple[str, ...]
    """As in `Claim`."""
    is_flat: bool
    """True: `it is not a dog`; False: a dog is less likely, so that something else must remain."""
    place: int = 0
    """Character of the sentence, for order."""


class Withdrawal(NamedTuple):
    """A sentence that takes back what was said before: `no, wait`."""

    place: int = 0
    """Character of the sentence, for order."""


Finding = Claim | Denial | Withdrawal
"""What one place of a text contributes."""

_CONDITION = re.compile(r"^[^.;]{0,60}\b(?:if|when|in case|unless|provided)\b")
_NO_ANSWER_GIVEN = re.compile(
    r"\W*(?:unknown|unsure|uncertain|unclear|undetermined|inconclusive|none\b|n/a|no answer"
    r"|not (?:sure|known|possible|clear|visible)|can not be|it can not|impossible to"
    r"|it is (?:not possible|impossible|unknown|unclear)|i (?:do not know|can not|am not sure))"
)
_LABELLED = re.compile(
    r"(?:\b(?:final |unique |confirmed |short |my |best |correct |the )*answer|\bguess|\bconclusion)"
    r"(?: (?:for|to|about) [a-z ]{1,40}?)?\s*(?:is\s*)?(?:[:=–—]|-(?= ))\s*(?P<rest>[^\n]+)"
)
_ANSWER_IS = re.compile(
    r"\b(?P<noun>answer|guess|conclusion|choice|explanation|candidate|possibility|option|interpretation)\s+"
    r"(?:\w+\s+){0,2}?(?P<verb>is|are|would be|must be|seems to be|could be|might be|may be)\s+(?P<rest>[^\n]+)"
)
_NOT_THE_ANSWER = re.compile(
    r"\b(?:(?:for|of|to|about|with|from|in|another|any|each|every)(?: (?:the|my|a))?|this|that)\s*$"
)
_FIRM_NOUNS = ("answer", "guess", "conclusion", "choice")
_BEST = re.compile(
    r"\b(?:most (?:likely|plausible|probable|reasonable|logical|natural)|best|only|likeliest|final|my) $"
)
_BELIEVED = re.compile(
    r"\bi(?:'d| would| can| will| could)?(?: \w+ly)? (?:guess|say|bet|choose|pick|go with|answer)(?: that)?"
    r"(?: it(?: is|'s)| they(?:'re| are))? (?P<rest>[^\n]+)"
)
_LIKELY_NOUN = re.compile(r"\b(?:most |very |quite )?(?:likely|probably)[, ]+(?P<rest>(?:an?|the) [^\n]+)")
_REVERSED_FORM = re.compile(
    r"(?:^|,|\bthat|\bthus|\btherefore)\s*(?P<rest>(?:an?|the|another) [a-z -]{2,40}?)\s+"
    r"(?:is|are|would be|seems?|appears?)(?: to be| like)? "
    r"(?:the |an? |my |one of the )(?:most |highly |quite )?"
    r"(?:likely|plausible|probable|reasonable|unique|best|final)\s+\w+"
)
_DEPICTS = re.compile(
    r"\b(?:likely|probable|plausible|possible|conclude|believe|guess|assume|suppose|infer|inferred|deduce|deduced)"
    r"(?: \w+){0,2} that the (?:image|picture|photo|photograph|scene|blocks|gray blocks) (?:\w+ly )?"
    r"(?:features?|shows?|contains?|includes?|depicts?|captures?|hides?|covers?|conceals?|obscures?) (?P<rest>[^\n]+)"
)
_PRESENCE = re.compile(
    r"\b(?:suggest|indicate|imply|impli|hint at|point to|show)(?:s|es|ed|ing)?"
    r" the (?:presence|existence|possibility) of (?P<rest>an? [^\n]+)"
)
_LESS_LIKELY = re.compile(
    r"(?P<rest>[a-z][a-z ,'-]{0,80}?) (?:is|are|seems?|would be|appears?)(?: \w+ly)?(?: to be)? "
    r"(?:also |far |much |even )?(?:less (?:likely|plausible|probable)|unlikely|improbable|implausible"
    r"|not (?:very |as )?(?:likely|plausible|probable)|ruled out)\b"
)
_RULED_OUT = re.compile(r"\b(?<!not )(?:rule|rules|ruling|ruled) out (?:the possibility of )?(?P<rest>[^\n]+)")
_NOT_THIS = re.compile(r"(?:, not|\brather than|\binstead of) (?P<rest>an? [^\n]+)")
_BUT_THIS = re.compile(r"[a-z' -]{1,40},? but (?:rather |in fact |instead )?(?P<rest>(?:an?|the|some) [a-z][^\n]*)")
_CONJUNCTION = re.compile(
    r"^.*\b(?:as|because|since|so|while|whereas|that|but|although|though|therefore|thus|however)\b,?"
)
_WITHDRAWN = re.compile(
    r"^(?:(?:hmm+|oh|but|ok|okay|well|ah|sorry|actually)[,.!: ]+)*"
    r"(?:no[,:!]|no\.$|no wait\b|wait\b|scratch that\b|correction\b|on second thoughts?\b"
    r"|let me (?:reconsider|correct)\b|i (?:was|am|stand) (?:wrong|mistaken|corrected)\b|i take (?:that|it) back\b)"
)


def findings(sentence: str) -> list[Finding]:
    """Return what a sentence in plain lower case claims, denies and takes back, in its order.

    >>> [type(finding).__name__ for finding in findings("no, wait: it is not a dog, it is a cat.")]
    ['Withdrawal', 'Denial', 'Claim']
    """
    found: list[Finding] = [Withdrawal()] if _WITHDRAWN.match(sentence) else []
    for finder in (_labelled, _named, _believed, _reversed, _stated, _ruled_out):
        found.extend(finder(sentence))
    return sorted(found, key=lambda finding: finding.place)


def _labelled(sentence: str) -> Iterator[Finding]:
    for match in _LABELLED.finditer(sentence):
        if _NO_ANSWER_GIVEN.match(match["rest"]):
            yield Claim(LABEL, (), place=match.start("rest"))
        elif not NOT.search(match[0][: match.start("rest") - match.start()]):
            yield from _answer_of(match["rest"], LABEL, match.start("rest"))


def _named(sentence: str) -> Iterator[Finding]:
    for match in _ANSWER_IS.finditer(sentence):
        said = sentence[: match.start("rest")]
        if re.match(r"unknown\b|none\b", match["rest"]):
            yield Claim(LABEL, (), place=match.start("rest"))
        if NOT.search(said[match.start() :]) or _NOT_THE_ANSWER.search(said[: match.start()]):
            continue
        is_firm = match["noun"] in _FIRM_NOUNS or bool(_BEST.search(said[: match.start()]))
        is_possible = bool(MODAL.search(match["verb"])) or not is_firm
        weight = LABEL if is_firm else _NAMED_CANDIDATE
        yield from _answer_of(match["rest"], weight, match.start("rest"), is_possible=is_possible)


def _answer_of(rest: str, weight: int, place: int, *, is_possible: bool = False) -> Iterator[Finding]:
    """A label is followed by a phrase, by a statement that has the phrase, or by `unknown`."""
    inner = [claim for claim in _stated(rest) if isinstance(claim, Claim) and claim.weight >= 1]
    if inner:
        best = max(inner, key=lambda claim: claim.weight)
        yield best._replace(weight=weight, place=place, is_possible=is_possible or best.is_possible)
    elif not rest.startswith(("that ", "it ", "they ")) and (answers := _split(answer_phrase(rest))):
        yield Claim(weight, answers, is_possible, place=place)


def _believed(sentence: str) -> Iterator[Finding]:
    for pattern, weight in (
        (_BELIEVED, _BELIEF),
        (_LIKELY_NOUN, _BARE_LIKELY),
        (_DEPICTS, _DEPICTED),
        (_PRESENCE, _PRESENT),
    ):
        for match in pattern.finditer(sentence):
            answers = _split(answer_phrase(match["rest"]))
            if answers and not NOT.search(match[0][: match.start("rest") - match.start()]):
                yield Claim(weight, answers, place=match.start("rest"))


def _reversed(sentence: str) -> Iterator[Finding]:
    for match in _REVERSED_FORM.finditer(sentence):
        answer = answer_phrase(match["rest"])
        if answer and not is_generic(answer):
            concluded = any(one.is_concluded for one in statements(sentence))
            yield Claim(_REVERSED + _CONCLUDES * concluded, _split(answer), place=match.start("rest"))


def _stated(sentence: str) -> Iterator[Finding]:
    for one in statements(sentence):
        phrase = answer_phrase(one.rest, needs_article=one.is_denied, is_firm=not one.is_possible)
        answers = _split(phrase)
        if answers and one.is_denied and not one.is_possible:
            yield Denial(answers, True, one.place)
            instead = _BUT_THIS.match(one.rest)
            if instead and (phrase := answer_phrase(instead["rest"])):
                yield Claim(_weight(one, phrase), _split(phrase), place=one.place + 1)
        elif answers and not one.is_denied:
            yield Claim(_weight(one, phrase), answers, one.is_possible, bool(_CONDITION.search(one.rest)), one.place)


def _weight(one: Statement, phrase: str) -> int:
    return (
        one.about
        + _CONCLUDES * one.is_concluded
        + _LIKELY * one.is_likely
        + _ONLY_POSSIBLE * one.is_possible
        + _EVIDENCE * one.is_evidence
        + _GENERIC * is_generic(phrase)
    )


def _ruled_out(sentence: str) -> Iterator[Finding]:
    for match in _LESS_LIKELY.finditer(sentence):
        subject = _CONJUNCTION.sub("", match["rest"])
        answers = tuple(answer for part in re.split(r",| and | or ", subject) if (answer := answer_phrase(part)))
        yield Denial(answers, False, match.end())
    for pattern in (_RULED_OUT, _NOT_THIS):
        for match in pattern.finditer(sentence):
            yield Denial(_split(answer_phrase(match["rest"])), False, match.start("rest"))


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(phrase.split(", ")) if phrase else ()
