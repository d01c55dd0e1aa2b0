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
from code_caption.errors import CodeCaptionError
from code_caption.words.phrases import mentions

_RULES = Rules()


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
    """Why there is no candidate: `unanswered`, `no_caption`, `name_missing` or `truncated`."""
    is_checked: bool = True
    """Whether claims decide; else the likeliest caption wins."""
    is_strict: bool = True
    """Whether one rejected phrase is too much."""
    unanswered: frozenset[str] = frozenset()
    """Phrases whose question has no reply."""


def element_contest(evidence: Evidence, unit: Unit, rules: Rules = _RULES) -> Contest:
    """Captions of one element; those that are checked must name it."""
    about = ("region", str(unit.keys[0]))
    said = evidence.region_captions.get(unit.keys[0], ())
    return _contest(evidence, unit.label, said, (unit,), rules, named=(unit,), about=about)


def pair_contest(evidence: Evidence, a: Unit, b: Unit, rules: Rules = _RULES) -> Contest:
    """Captions of a pair; those that are checked must name both, and one rejected phrase is always too much."""
    view = f"{a.label}|{b.label}" if rules.pair_claims == "crop" else ""
    said = evidence.pair_captions.get((a.label, b.label), ())
    return _contest(evidence, view, said, (a, b), rules, named=(a, b), about=("pair", a.label, b.label), is_strict=True)


def image_contest(evidence: Evidence, units: Sequence[Unit], rules: Rules = _RULES) -> Contest:
    """Captions of the whole image, which need not name anything."""
    return _contest(evidence, "", evidence.captions, units, rules, is_checked=rules.check_captions)


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
    about: Sequence[str] = (),
    is_checked: bool = True,
    is_strict: bool | None = None,
) -> Contest:
    texts = [one for one in said if one.text.strip()]
    whole = [one for one in texts if one.is_whole]
    must_name = named if rules.reranking else ()
    naming = [one for one in whole if all(mentions(one.text, unit.name) for unit in must_name)]
    nothing = "unanswered" if about and evidence.error(*about) else "no_caption"
    refused = "" if naming else "name_missing" if whole else "truncated" if texts else nothing
    candidates = tuple(_candidate(one, evidence, is_checked=rules.reranking and is_checked) for one in naming)
    phrases = {phrase for candidate in candidates for phrase in candidate.phrases}
    failed = frozenset(phrase for phrase in phrases if evidence.error("claims", view, phrase))
    claims = {phrase: answer for (of, phrase), answer in evidence.claims.items() if of == view}
    # What exists goes first: it is asked under every rule of existence, claims only where they could decide.
    answers = dict.fromkeys(failed, UNANSWERED) | claims | (_confirmed(evidence, units) if rules.existence else {})
    unanswered = frozenset(phrase for phrase in failed if answers[phrase] is UNANSWERED)
    strict = rules.strict if is_strict is None else is_strict
    return Contest(view, candidates, answers, refused, is_checked, strict, unanswered)


def _candidate(said: Said, evidence: Evidence, *, is_checked: bool) -> Candidate:
    if is_checked and said.text not in evidence.phrases:
        expected = "evidence.phrases must say what each caption claims"
        raise CodeCaptionError("phrases", f"{expected}; it lacks {said.text[:80]!r}. Fill it in by phrases_of.")
    return Candidate(said.text.strip(), evidence.phrases.get(said.text, ()), said.mean_logprob)


def _confirmed(evidence: Evidence, units: Iterable[Unit]) -> dict[str, Answer]:
    """What the existence rule asked about these: whether their names are there, so that it is not asked again."""
    found: dict[str, Answer] = {}
    for unit in units:
        answers = [evidence.exists[key] for key in unit.keys if key in evidence.exists]
        if answers:
            best = max(answers, key=lambda answer: answer.p_yes)
            found[unit.name] = max(best, found.get(unit.name, best), key=lambda answer: answer.p_yes)
    return found
