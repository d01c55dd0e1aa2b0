"""Which of several captions a thing, a pair or an image gets under a set of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from code_caption.checks.answers import UNANSWERED, Answer
from code_caption.checks.asks import Said
from code_caption.checks.evidence import Evidence
from code_caption.checks.reranking import Candidate, Ranking, rank
from code_caption.checks.rules import Rules
from code_caption.checks.sightings import Unit
from code_caption.errors import EvidenceError
from code_caption.words.names import spelling, words
from code_caption.words.phrases import mentions, mentions_several


@dataclass(frozen=True)
class Contest:
    """Captions that compete, and the answers about what they claim."""

    view: str
    """What claims are filed under: a key, `a|b`, or empty."""
    candidates: tuple[Candidate, ...]
    """Those that may win."""
    answers: Mapping[str, Answer]
    """By phrase; what the existence rule asked counts too, and a question without a reply counts as no."""
    refused: str = ""
    """Why there is no candidate: `unanswered`, `no_caption`, `truncated`, `name_missing` or `no_claim`."""
    is_checked: bool = True
    """Whether claims decide; else the likeliest caption wins."""
    is_strict: bool = True
    """Whether one rejected phrase is too much."""
    unanswered: frozenset[str] = frozenset()
    """Phrases whose question has no reply."""


def element_contest(evidence: Evidence, unit: Unit, rules: Rules) -> Contest:
    """Captions of one element; those that are checked must name it."""
    about = ("region", str(unit.keys[0]))
    said = evidence.region_captions.get(unit.keys[0], ())
    return _contest(evidence, unit.label, said, (unit,), rules, named=(unit,), about=about)


def pair_contest(evidence: Evidence, a: Unit, b: Unit, rules: Rules) -> Contest:
    """Captions of a pair; those that are checked must name both, and one rejected phrase is always too much.

    Two of one name must be named in the plural or apart: one mention is about one of them.
    """
    view = f"{a.label}|{b.label}" if rules.pair_claims == "crop" else ""
    said = evidence.pair_captions.get((a.label, b.label), ())
    return _contest(evidence, view, said, (a, b), rules, named=(a, b), about=("pair", a.label, b.label), is_strict=True)


def image_contest(evidence: Evidence, units: Sequence[Unit], rules: Rules) -> Contest:
    """Captions of the whole image; they need not name anything, but those that are checked must claim something."""
    return _contest(evidence, "", evidence.captions, units, rules, must_claim=True, is_checked=rules.check_captions)


def standing(contest: Contest, rules: Rules) -> Ranking:
    """Where a contest stands: without re-ranking the likeliest caption has won."""
    if rules.reranking and contest.is_checked:
        threshold = rules.claims_threshold
        return rank(contest.candidates, contest.answers, threshold=threshold, strict=contest.is_strict)
    order = sorted(range(len(contest.candidates)), key=lambda index: -contest.candidates[index].mean_logprob)
    return Ranking(order[0] if order else None)


def verdict(contest: Contest, rules: Rules) -> tuple[Candidate | None, str]:
    """The caption that is kept, or why there is none.

    Reasons: those of `Contest.refused`; `rejected_phrase`, or `mostly_rejected` where rules are not strict;
    `unanswered` where no phrase was rejected, but one has no answer.
    """
    ranking = standing(contest, rules)
    if ranking.winner is None:
        return None, contest.refused or "unanswered"
    winner = contest.candidates[ranking.winner]
    if not ranking.no or (not contest.is_strict and ranking.yes > ranking.no):
        return winner, ""
    confirmed = confirmed_phrases(contest, winner, rules)
    if contest.unanswered.issuperset(phrase for phrase in winner.phrases if phrase not in confirmed):
        return None, "unanswered"
    return None, "rejected_phrase" if contest.is_strict else "mostly_rejected"


def confirmed_phrases(contest: Contest, winner: Candidate, rules: Rules) -> tuple[str, ...]:
    """The claims of a winner that were confirmed; all of them where claims do not decide."""
    if not (rules.reranking and contest.is_checked):
        return winner.phrases
    return tuple(phrase for phrase in winner.phrases if contest.answers[phrase].is_yes(rules.claims_threshold))


def _contest(
    evidence: Evidence,
    view: str,
    said: Sequence[Said],
    units: Sequence[Unit],
    rules: Rules,
    *,
    named: Sequence[Unit] = (),
    must_claim: bool = False,
    about: Sequence[str] = (),
    is_checked: bool = True,
    is_strict: bool | None = None,
) -> Contest:
    texts = [one for one in said if one.text.strip()]
    whole = [one for one in texts if one.is_whole]
    claims_decide = rules.reranking and is_checked
    naming = [one for one in whole if not rules.reranking or _do_name(one.text, named)]
    nothing = "unanswered" if about and evidence.error(*about) else "no_caption"
    refused = "no_claim" if naming else "name_missing" if whole else "truncated" if texts else nothing
    candidates = tuple(_candidate(one, evidence, is_checked=claims_decide) for one in naming)
    if must_claim and claims_decide:
        candidates = tuple(one for one in candidates if one.phrases)
    phrases = {phrase for candidate in candidates for phrase in candidate.phrases}
    failed = frozenset(phrase for phrase in phrases if evidence.error("claims", view, phrase))
    claims = {phrase: answer for (of, phrase), answer in evidence.claims.items() if of == view}
    # What exists goes first: it is asked under every rule of existence, claims only where they could decide.
    exist = _confirmed(evidence, units, phrases) if rules.existence else {}
    answers = dict.fromkeys(failed, UNANSWERED) | claims | exist
    unanswered = frozenset(phrase for phrase in failed if answers[phrase] is UNANSWERED)
    strict = rules.strict if is_strict is None else is_strict
    return Contest(view, candidates, answers, "" if candidates else refused, is_checked, strict, unanswered)


def _do_name(caption: str, named: Sequence[Unit]) -> bool:
    """Whether a caption names all of these; where two have one name, both."""
    names = [spelling(unit.name) for unit in named]
    return all(
        mentions_several(caption, unit.name) if names.count(name) > 1 else mentions(caption, unit.name)
        for unit, name in zip(named, names, strict=True)
    )


def _candidate(said: Said, evidence: Evidence, *, is_checked: bool) -> Candidate:
    if is_checked and said.text not in evidence.phrases:
        expected = "evidence.phrases must say what each caption claims"
        raise EvidenceError("phrases", f"{expected}; it lacks {said.text[:80]!r}. Fill it in by phrases_of.")
    return Candidate(said.text.strip(), evidence.phrases.get(said.text, ()), said.mean_logprob)


def _confirmed(evidence: Evidence, units: Sequence[Unit], phrases: Iterable[str]) -> dict[str, Answer]:
    """What the existence rule asked about these: whether their names are there, so that it is not asked again.

    Names and phrases are the same in any case; a plural claims more than a name.
    """
    best: dict[tuple[str, ...], Answer] = {}
    for unit in units:
        name = words(unit.name)
        for answer in (evidence.exists[key] for key in unit.keys if key in evidence.exists):
            best[name] = max(best.get(name, answer), answer, key=lambda answer: answer.p_yes)
    names = (*(unit.name for unit in units), *phrases)
    return {name: best[words(name)] for name in names if words(name) in best}
