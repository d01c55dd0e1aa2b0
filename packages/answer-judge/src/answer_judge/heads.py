"""What an answer claims: without the words that introduce it, what it denies, and what follows its noun."""

from __future__ import annotations

import re
from typing import NamedTuple

_SUBJECTS = "object|thing|item|animal|vehicle|person|food|answer|one|picture|image|photo"
_LEADS = re.compile(
    r"^(?:(?:i (?:think|believe|guess|suppose|see|assume|would say|'d say)(?: that)?|maybe|perhaps|probably"
    r"|most likely|likely"
    r"|possibly|definitely|certainly|clearly|obviously|surely|of course|so|well|therefore|thus|no doubt"
    r"|without (?:a )?doubt|undoubtedly|mostly|mainly"
    r"|(?:my |the )?(?:final |correct |best )?answer(?: is|:)|(?:it|this|that|they|these|he|she)(?:'s|'re)?"
    r"|is|are|was|were|must be|(?:could|may|might|can|should|would) be|looks? like|appears? to be|seems? to be"
    r"|seems? like"
    rf"|there (?:is|are)|the (?:hidden )?(?:{_SUBJECTS})(?: (?:behind|under|in|on) the (?:\w+ )?\w+)? (?:is"
    rf"|are))(?=[\s,:])[\s,:]*)+",
    re.IGNORECASE,
)
_TAILS = re.compile(
    r"(?<![\s,])[\s,]+(?:i (?:think|believe|guess|suppose|would say)|probably|maybe|perhaps|most likely|in the (?:image"
    r"|picture|photo)|of some kind)[.!]?$",
    re.IGNORECASE,
)
_AFTER_HEAD = re.compile(
    r"\s(?:in|on|at|with|of|by|near|under|over|behind|beside|from|for|to|inside|next|that|which|who|wearing"
    r"|holding|riding|playing"
    r"|sitting|standing|lying|hanging|flying|running|walking|eating|drinking|sleeping|parked|against|along"
    r"|between|through|across"
    r"|around|where|full|leaning|being|seen|using|carrying|looking|driving)\s",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"^(?:an?|the|some|one|two)?\s*(?:small |large |big |long )?(?:pair|set|group|bunch|piece|slice|kind|type"
    r"|sort|couple|collection"
    r"|pile|row|plate|bowl|glass|cup|bottle|flock|herd|team|basket|loaf|box|bag|stack|crowd|bouquet)s?\s+of\s+",
    re.IGNORECASE,
)
_MAY_DENY = re.compile(r"\bnot\b|neither|unlike|rather than|instead of|opposed to", re.IGNORECASE)
_BUT = re.compile(
    r"^(?:\W*(?:it|this|that)(?:'s| is)\W+)?(?:not|neither) (.{1,80}?)(?:,? but(?: rather)? |[,;.] ?(?:it|this"
    r"|that)(?:'s| is) )(.{1,200})$",
    re.IGNORECASE,
)
_RATHER = re.compile(
    r"^(.{1,200}?)(?:,? (?:rather than|instead of|as opposed to)|,(?: and| but)? not| but not| \(not"
    r"|[,;] unlike) (.{1,200})$",
    re.IGNORECASE,
)


class Claim(NamedTuple):
    """What an answer asserts and what it denies beside it."""

    asserted: str
    """The answer, or its positive part."""
    denied: str = ""
    """`a cat` in `a dog, not a cat`."""


def claim_of(answer: str) -> Claim:
    """Return what an answer asserts, apart from what it denies in the same breath and from `I believe` after it.

    >>> claim_of("not a cat but a dog")
    Claim(asserted='a dog', denied='a cat')
    >>> claim_of("a train rather than a bus").asserted
    'a train'
    """
    answer = _TAILS.sub("", answer.strip())
    if not _MAY_DENY.search(answer):
        return Claim(answer)
    flat = " ".join(answer.split())
    but = _BUT.match(flat)
    if but:
        return Claim(but[2], but[1])
    rather = _RATHER.match(flat)
    return Claim(rather[1], rather[2]) if rather else Claim(answer)


def head_phrase(phrase: str) -> str:
    """Return a noun phrase without what introduces it, measure words before it and prepositional phrases after it.

    >>> head_phrase("I think it is a pair of scissors on the table")
    'scissors'
    """
    phrase = _MEASURES.sub("", without_lead(phrase))
    after = _AFTER_HEAD.search(phrase)
    return phrase[: after.start()] if after else phrase


def without_lead(phrase: str) -> str:
    """Return a phrase without the words that introduce an answer, and the hedges around it.

    >>> without_lead("Maybe it's a kite")
    'a kite'
    """
    return _LEADS.sub("", _TAILS.sub("", phrase.strip().replace("’", "'")))
