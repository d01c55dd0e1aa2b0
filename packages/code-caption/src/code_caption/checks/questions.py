"""The questions that an image's evidence still lacks: three stages, each asked until nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from code_caption.checks.asks import Ask
from code_caption.checks.choosing import Contest, element_contest, image_contest, pair_contest, standing
from code_caption.checks.counting import counts_to_ask
from code_caption.checks.evidence import Evidence
from code_caption.checks.interview import Interview
from code_caption.checks.rules import Rules
from code_caption.checks.sightings import BoxPixels, Sighting, Unit
from code_caption.checks.surviving import count_answers, existing, surviving_pairs, surviving_units
from code_caption.checks.views import WHOLE, View
from code_caption.corners import around
from code_caption.words.names import is_one_name

WriteBox = Callable[[BoxPixels, tuple[int, int]], str]
"""(box in pixels, size of the image) -> the box as the model writes boxes."""


def confirming_asks(evidence: Evidence, interview: Interview, *, control: str = "") -> list[Ask]:
    """Existence of every box with one control, then counts of what exists: before captions and readings are paid for.

    Args:
        evidence: of one image, with its sightings.
        interview: what is asked, and how.
        control: a name that is certainly not there, asked of the view of the first box; empty: none is asked.
    """
    asks: list[Ask] = []
    if any(rules.existence for rules in interview.rules):
        open_ones = [one for one in evidence.sightings if one.key not in evidence.exists]
        asks += [_exists(one.name, one, interview, "exists", str(one.key)) for one in open_ones]
        if control and evidence.control is None and evidence.sightings:
            first = min(evidence.sightings, key=lambda one: one.key)
            asks.append(_exists(control, first, interview, "control", control))
    asks = _unasked(asks, evidence)
    return asks or _unasked(_count_asks(evidence, interview), evidence)


def describing_asks(evidence: Evidence, interview: Interview, write_box: WriteBox) -> list[Ask]:
    """Captions of elements and pairs, and what is written; what reads as text is then read again."""
    asks: dict[str, Ask] = {}
    for rules in interview.rules:
        units = surviving_units(evidence, rules)
        for unit in units:
            if not unit.is_group:
                one = evidence.by_key()[unit.keys[0]]
                asks |= _by_key(_element_asks(one, evidence, interview, write_box, readings=1 + rules.reading))
        asks |= _by_key(_pair_ask(a, b, evidence, interview, write_box) for a, b in surviving_pairs(evidence, rules))
    return _unasked(asks.values(), evidence)


def validating_asks(evidence: Evidence, interview: Interview) -> list[Ask]:
    """Claims of the captions that could still win; `evidence.phrases` says what they claim.

    Raises:
        EvidenceError: `phrases`: it does not say so of a caption.
    """
    asks: dict[str, Ask] = {}
    for rules in interview.rules:
        if rules.reranking:
            asks |= _by_key(_claim_asks(evidence, interview, rules))
    return _unasked(asks.values(), evidence)


def _exists(name: str, sighting: Sighting, interview: Interview, kind: str, about: str) -> Ask:
    text = interview.wording.exists.format(name=name, a_name=interview.nouns.with_article(name))
    return Ask((kind, about), text, interview.exists_view.view(sighting.box_xyxy_px))


def _count_asks(evidence: Evidence, interview: Interview) -> list[Ask]:
    wanted: dict[tuple[str, int], None] = {}
    for rules in interview.rules:
        if rules.counting != "off":
            kept, _ = existing(evidence, rules)
            policy, threshold = rules.counting, rules.counting_threshold
            wanted |= dict.fromkeys(counts_to_ask(kept, count_answers(evidence), policy=policy, threshold=threshold))
    if interview.count_form == "how_many":
        return list(_by_key(_how_many(name, interview) for name, _ in wanted).values())
    return [_at_least(name, number, interview) for name, number in wanted]


def _at_least(name: str, number: int, interview: Interview) -> Ask:
    text = interview.wording.at_least.format(count=number, plural=interview.nouns.plural(name), name=name)
    return Ask(("at_least", name, str(number)), text)


def _how_many(name: str, interview: Interview) -> Ask:
    text = interview.wording.how_many.format(plural=interview.nouns.plural(name), name=name)
    return Ask(("how_many", name), text, WHOLE, interview.count_decoding)


def _element_asks(
    one: Sighting, evidence: Evidence, interview: Interview, write_box: WriteBox, *, readings: int
) -> list[Ask]:
    asks: list[Ask] = []
    key, wording = str(one.key), interview.wording
    places = {
        "name": one.name,
        "a_name": interview.nouns.with_article(one.name),
        "box": write_box(one.box_xyxy_px, evidence.size_wh),
    }
    if one.key not in evidence.region_captions:
        view = interview.region_view.view(one.box_xyxy_px)
        asks.append(Ask(("region", key), wording.region.format(**places), view, interview.region_decoding))
    read = evidence.readings.get(one.key, ())
    if _is_read(one, interview) and len(read) < readings and all(read):
        framing = interview.reread_view if read else interview.read_view
        view, text = framing.view(one.box_xyxy_px), wording.read.format(**places)
        asks.append(Ask(("read", key, str(len(read))), text, view, interview.read_decoding))
    return asks


def _is_read(one: Sighting, interview: Interview) -> bool:
    x0, y0, x1, y1 = one.box_xyxy_px
    large = min(x1 - x0, y1 - y0) >= interview.least_read_px
    return large and (interview.read_names is None or one.name in interview.read_names)


def _pair_ask(a: Unit, b: Unit, evidence: Evidence, interview: Interview, write_box: WriteBox) -> Ask:
    box = around((a.box_xyxy_px, b.box_xyxy_px))
    view = interview.pair_view.view(box)
    called_a, called_b = _called_alike(a, b, interview) if is_one_name(a.name, b.name) else _called(a, b, interview)
    text = interview.wording.pair.format(a=called_a, b=called_b, box=write_box(box, evidence.size_wh))
    return Ask(("pair", a.label, b.label), text, view, interview.pair_decoding)


def _called(a: Unit, b: Unit, interview: Interview) -> tuple[str, str]:
    nouns = interview.nouns
    called = [nouns.plural(unit.name) if unit.is_group else nouns.with_article(unit.name) for unit in (a, b)]
    return called[0], called[1]


def _called_alike(a: Unit, b: Unit, interview: Interview) -> tuple[str, str]:
    """Two things of one name, held apart."""
    nouns = interview.nouns
    kinds = [f"group of {nouns.plural(unit.name)}" if unit.is_group else unit.name for unit in (a, b)]
    # A name without an article, such as "jeans", is neither one nor another.
    first, second = (nouns.with_article(kind) == kind for kind in kinds)
    return f"{'some' if first else 'one'} {kinds[0]}", f"{'other' if second else 'another'} {kinds[1]}"


def _claim_asks(evidence: Evidence, interview: Interview, rules: Rules) -> Iterable[Ask]:
    units = surviving_units(evidence, rules)
    for unit in units:
        if not unit.is_group:
            view = interview.exists_view.view(unit.box_xyxy_px)
            yield from _of_contest(element_contest(evidence, unit, rules), view, interview, rules)
    for a, b in surviving_pairs(evidence, rules):
        cut = interview.pair_view.view(around((a.box_xyxy_px, b.box_xyxy_px)))
        view = cut if rules.pair_claims == "crop" else WHOLE
        yield from _of_contest(pair_contest(evidence, a, b, rules), view, interview, rules)
    if rules.check_captions:
        yield from _of_contest(image_contest(evidence, units, rules), WHOLE, interview, rules)


def _of_contest(contest: Contest, view: View, interview: Interview, rules: Rules) -> Iterable[Ask]:
    for phrase in standing(contest, rules).to_ask:
        text = interview.wording.claims.format(phrase=phrase, a_phrase=interview.nouns.with_article(phrase))
        yield Ask(("claims", contest.view, phrase), text, view)


def _by_key(asks: Iterable[Ask]) -> dict[str, Ask]:
    return {ask.key: ask for ask in asks}


def _unasked(asks: Iterable[Ask], evidence: Evidence) -> list[Ask]:
    """Without those that were asked in vain, and those that are filed."""
    filed = {("claims", view, phrase) for view, phrase in evidence.claims}
    filed |= {("pair", a, b) for a, b in evidence.pair_captions}
    return [ask for ask in asks if ask.key not in evidence.errors and ask.about not in filed]
