"""Find the answer that a free text finally commits to, by rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from answer_judge.answer_phrases import answer_phrase

UNKNOWN = "unknown"
"""The answer of a text that does not commit to one; never right."""

# A statement's firmness: what it is about, then how sure it is, then whether it concludes.
_LABEL, _REVERSED_WEIGHT, _HIDDEN_SUBJECT, _BELIEF, _LIKELY_NOUN, _OTHER_SUBJECT, _BLOCKS_SUBJECT = 10, 6, 6, 5, 4, 3, 1
_ONLY_POSSIBLE, _CONCLUDES, _GENERIC = -1, 2, -3

_VERBS = (
    "is|are|was|were|be|being|represents?|appears? to be|seems? to be|seems? like|looks? like|depicts?|turns out to be"
)
_COPULA = re.compile(rf"\b(?P<verb>{_VERBS})\b")
_MODAL = re.compile(r"\b(?:could|might|may|can|possibly|potentially|perhaps|maybe)\b")
_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence|consequently|in conclusion|conclude|finally|accordingly|overall|considering all"
    r"|given these|based on (?:this|these|the provided|the above))\b"
)
_NOT = re.compile(r"\b(?:not|n't|never|cannot|nor|neither|unlikely|hardly|less likely)\b|n't\b")

_HIDDEN = re.compile(
    r"\b(?:occlu\w+|occupy\w+|occupied|obscured?|obscuring|hidden|hiding|covered|blocked|concealed|obstructed|behind|beneath|under"
    r"|in question|mystery|missing)\b"
)
_CATEGORIES = """
object item thing place vehicle machine appliance device tool equipment utensil instrument weapon container
furniture building structure animal bird fish insect pet person group team player food item dish drink beverage
dessert snack ingredient fruit vegetable condiment plant clothing garment headgear footwear accessory material
surface area landscape landform sign symbol artwork film rope opening phenomenon event activity concept answer
"""
_CATEGORY = re.compile(
    r"^(?:the |this |that |these |those |our |each )*(?:[a-z-]+ ){0,2}?(?:" + "|".join(_CATEGORIES.split()) + r")s?"
    r"(?: \w+){0,5}$"
)
_GENERIC_ANSWER = re.compile(r"(?:[a-z-]+ ){0,2}(?:" + "|".join(_CATEGORIES.split()) + r")s?")
_BLOCKS = re.compile(
    r"^(?:the |these |those |and |several |all )*(?:large |small )?(?:gray |grey |concrete )?"
    r"(?:blocks?|squares?|patch(?:es)?)\b"
)
_OTHER_SUBJECTS = """
presence purpose assumption conclusion fact question deduction inference color colour size shape position location
combination arrangement interpretation explanation context obstruction most main focus edge edges rest other others
there what which who where
"""
_NOT_A_SUBJECT = re.compile(
    rf"^(?:the |a |an |my |this |that |these |one )*(?:{'|'.join(_OTHER_SUBJECTS.split())}|reason\w*)\b"
)
_PRONOUN = re.compile(r"^(?:it|this|that|they|these|those|he|she|i|i'm)$")
_CLAUSE = re.compile(
    r"[,;:]|\b(?:that|because|since|so|therefore|thus|hence|and|but|although|though|while|whereas|if|when|as|then|which|think|believe|guess|suppose|suspect|say)\b"
)

_LABELLED = re.compile(
    r"(?:\b(?:final |unique |confirmed |short |my |best |correct |the )*answer|\bguess|\bconclusion)"
    r"\s*(?:is\s*)?[:\-–—=]\s*(?P<rest>[^\n]+)"
)
_ANSWER_IS = re.compile(
    r"\b(?:the|my|a|this|one)?\s*(?:[a-z]+[ -]){0,3}"
    r"(?:answer|guess|conclusion|explanation|candidate|choice|possibility)\s+"
    r"(?:\w+\s+){0,2}?(?:is|are|would be|must be|seems to be|could be|might be|may be)\s+(?:that\s+)?(?P<rest>[^\n]+)"
)
_BELIEVED = re.compile(
    r"\bi(?:'d| would| can| will| could)?(?: \w+ly)? (?:guess|say|bet|choose|pick|go with|answer)(?: that)?"
    r"(?: it(?: is|'s)| they(?:'re| are))? (?P<rest>[^\n]+)"
)
_BARE_LIKELY = re.compile(r"\b(?:most |very |quite )?(?:likely|probably)[, ]+(?P<rest>(?:an?|the) [^\n]+)")
_REVERSED = re.compile(
    r"(?:^|,|\bthat|\bthus|\btherefore)\s*(?P<rest>(?:an?|the|another) [a-z -]{2,40}?)\s+"
    r"(?:is|are|seems?|appears?)(?: to be| like)? "
    r"(?:the |an? |one of the )(?:most |highly |quite )?(?:likely|plausible|probable|reasonable)\s+\w+"
)


_AUXILIARIES = re.compile(
    r"\b(?:could|might|may|can|must|should|would|will|most|very|likely|probably|possibly|has|have|to|indeed)\b"
)
_ADVERB_WORDS = """
most more very quite highly also indeed likely probably possibly potentially perhaps maybe actually simply definitely
certainly clearly not n't be plausibly just only still either therefore thus then
"""
_ADVERBS = re.compile(rf"^\s*(?:,?\s*(?:in fact|in reality|to be|{'|'.join(_ADVERB_WORDS.split())})\b,?\s*)*")
_CONTRACTIONS = (
    (r"\b(it|this|that|he|she|there|what)'s\b", r"\1 is"),
    (r"\b(they|these|those|we|you)'re\b", r"\1 are"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
)
_PHRASES = ((_LABELLED, _LABEL), (_ANSWER_IS, _LABEL), (_BELIEVED, _BELIEF), (_BARE_LIKELY, _LIKELY_NOUN))


_OPENING = re.compile(r"^(?:(?:yes|no|well|ok|maybe|perhaps|probably|possibly|likely)\b[,:]?\s+)+")
_MOST_BARE_WORDS = 8
_LONGEST_TEXT, _LONGEST_SENTENCE = 20_000, 600


class Candidate(NamedTuple):
    """An answer that some sentence gives, and how firmly."""

    weight: int
    """10: labelled as the answer ... 0: a generic word that is only possible."""
    answer: str
    """A few words; several equally likely answers are joined by commas."""
    possible: bool = False
    """True: could be, might be."""


def extract_answer(text: str) -> str:
    """Return the last answer that a text commits to most firmly, or `unknown`.

    Several equally likely answers are joined by commas. A text of a few words is itself the answer.

    >>> extract_answer("The blocks are below a pond on snow, so it is a penguin.")
    'penguin'
    >>> extract_answer("It might be a cup. No: the handle is missing, so it must be a glass or a bowl.")
    'glass, bowl'
    >>> extract_answer("It is impossible to tell what is behind the blocks.")
    'unknown'
    """
    plain = _plain(text)
    found = list(_candidates(plain))
    if not found:
        return _bare(plain)
    firmest = [one for one in found if one.weight == max(candidate.weight for candidate in found)]
    if all(candidate.possible for candidate in firmest):
        return ", ".join(dict.fromkeys(candidate.answer for candidate in firmest))
    return firmest[-1].answer


def _candidates(plain: str) -> Iterator[Candidate]:
    for sentence in _sentences(plain):
        yield from _from_phrases(sentence)
        yield from _from_statements(sentence)


def _from_phrases(sentence: str) -> Iterator[Candidate]:
    for pattern, weight in _PHRASES:
        for match in pattern.finditer(sentence):
            rest = _after_copula(match["rest"]) if weight == _LABEL else match["rest"]
            answer = answer_phrase(rest)
            if answer and not _NOT.search(match[0][: match.start("rest") - match.start()]):
                yield Candidate(weight, answer)
    for match in _REVERSED.finditer(sentence):
        answer = answer_phrase(match["rest"])
        if answer and not _GENERIC_ANSWER.fullmatch(answer):
            yield Candidate(_REVERSED_WEIGHT + _CONCLUDES * bool(_CONCLUSION.search(sentence)), answer)


def _after_copula(rest: str) -> str:
    """`that the object behind the blocks is a cat` -> `a cat`; a rest without such a clause stays as it is."""
    match = _COPULA.search(rest)
    if match and (
        _BLOCKS.match(rest)
        or _HIDDEN.search(rest[: match.start()])
        or _CATEGORY.match(rest[: match.start()].removeprefix("that ").strip())
    ):
        return rest[match.end() :]
    return re.sub(r"^(?:it|this|they)(?:'s| is| are) ", "", rest)


def _from_statements(sentence: str) -> Iterator[Candidate]:
    """Statements of the form: what is hidden, a form of to be, the answer."""
    for match in _COPULA.finditer(sentence):
        before = sentence[: match.start()]
        subject = _subject(before)
        lead, rest = _hedges(sentence[match.end() :])
        about = _about(subject)
        if not about or _NOT.search(f"{subject} {lead} {before[-12:]}"):
            continue
        concluded = bool(_CONCLUSION.search(sentence[: match.start()]))
        bare = about == _HIDDEN_SUBJECT or bool(lead) or concluded or subject in ("they", "these")
        answer = answer_phrase(rest, needs_article=not bare)
        if answer:
            possible = bool(_MODAL.search(f"{before} {match['verb']} {lead}"))
            generic = bool(_GENERIC_ANSWER.fullmatch(answer))
            weight = about + _ONLY_POSSIBLE * possible + _CONCLUDES * concluded + _GENERIC * generic
            yield Candidate(weight, answer, possible)


def _subject(before: str) -> str:
    """Return the last clause's words before the verb, without modal verbs."""
    return _AUXILIARIES.sub("", _CLAUSE.split(before)[-1]).strip()


def _hedges(after: str) -> tuple[str, str]:
    match = _ADVERBS.match(after)
    cut = match.end() if match else 0
    return after[:cut], after[cut:]


def _about(subject: str) -> int:
    """Return the weight of a statement by its subject; 0 if it is about something else."""
    if _BLOCKS.match(subject):
        return _BLOCKS_SUBJECT
    if not subject or _NOT_A_SUBJECT.match(subject):
        return 0
    if _HIDDEN.search(subject):
        return _HIDDEN_SUBJECT
    return _OTHER_SUBJECT if _PRONOUN.match(subject) or _CATEGORY.match(subject) else 0


def _plain(text: str) -> str:
    """Lower case, no Markdown, straight quotes."""
    text = text.replace("’", "'").replace("“", '"').replace("”", '"').replace("\x00", " ")
    text = re.sub(r"\\boxed\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"[*_`#$\"]+", "", text).strip().lower()
    text = re.sub(r"\banswer:\s+", "answer: ", text)
    for short, long in _CONTRACTIONS:
        text = re.sub(short, long, text)
    return text


def _sentences(plain: str) -> list[str]:
    """Return the sentences that are no questions; endless ones in pieces, so that time stays linear."""
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", plain[-_LONGEST_TEXT:])]
    asserted = [sentence for sentence in sentences if sentence and not sentence.endswith("?")]
    return [one[cut : cut + _LONGEST_SENTENCE] for one in asserted for cut in range(0, len(one), _LONGEST_SENTENCE)]


def _bare(plain: str) -> str:
    """Return a text of a few words as its own answer."""
    last = _OPENING.sub("", (_sentences(plain) or [""])[-1])
    if len(plain.split()) > _MOST_BARE_WORDS or _NOT.search(last):
        return UNKNOWN
    return answer_phrase(last) or UNKNOWN
