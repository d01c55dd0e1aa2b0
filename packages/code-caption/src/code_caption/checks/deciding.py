"""From evidence to a checked scene: every rule applied in turn, every drop with its reason; nothing is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from code_caption.checks.choosing import (
    Contest,
    confirmed_phrases,
    element_contest,
    image_contest,
    pair_contest,
    verdict,
)
from code_caption.checks.drops import Drop
from code_caption.checks.evidence import Evidence
from code_caption.checks.geometry import to_units
from code_caption.checks.reading import agree
from code_caption.checks.reranking import Candidate
from code_caption.checks.rules import Rules
from code_caption.checks.sightings import Sighting, Unit, to_fractions
from code_caption.checks.surviving import surviving_pairs, survivors
from code_caption.scene import Element, Group, Relation, Scene
from code_caption.words.phrases import split_attributes


@dataclass(frozen=True)
class Decision:
    """What becomes of one image under a set of rules."""

    scene: Scene
    """What is left; empty where the image was dropped."""
    drops: tuple[Drop, ...]
    """What is not, in the order of the rules."""
    units: tuple[Unit, ...]
    """The scene's elements followed by its groups, in the same order."""

    @property
    def is_dropped(self) -> bool:
        """Whether the image as a whole was dropped."""
        return any(drop.rule == "image" for drop in self.drops)


def decide(evidence: Evidence, rules: Rules) -> Decision:
    """Apply a set of rules to an image's evidence.

    Existence and counting decide which boxes stay; a dropped box takes its captions, its text, its pairs and its place
    in a group with it. Then each element, each pair and the image get their best caption.

    Raises:
        EvidenceError: `phrases`: captions are re-ranked, and `evidence.phrases` does not say what one claims.
    """
    kept, drops = survivors(evidence, rules)
    units = to_units(kept, link_scale=rules.link_scale, least_members=rules.least_members)
    things = (*(u for u in units if not u.is_group), *(u for u in units if u.is_group))
    if len(kept) < rules.least_elements:
        detail = f"{len(kept)} left, {rules.least_elements} needed"
        return Decision(Scene(), (*drops, Drop("image", "too_few_elements", "", (), detail)), ())
    # Members of a group are not read, though they may have been for rules under which they stand alone.
    alone = {unit.keys[0] for unit in units if not unit.is_group}
    texts = _texts(evidence, [one for one in kept if one.key in alone], rules, drops)
    elements = [_element(evidence, unit, texts, rules, drops) for unit in things if not unit.is_group]
    groups = [_group(evidence, unit) for unit in things if unit.is_group]
    relations = _relations(evidence, things, rules, drops)
    caption = _chosen(image_contest(evidence, things, rules), Drop("captions", "", ""), rules, drops)
    scene = Scene("" if caption is None else caption.text, tuple(elements), tuple(groups), tuple(relations))
    return Decision(scene, tuple(drops), things)


def _texts(evidence: Evidence, alone: Sequence[Sighting], rules: Rules, drops: list[Drop]) -> dict[int, str]:
    lost = {one.key: evidence.error("read", str(one.key), "0") for one in alone if one.key not in evidence.readings}
    drops += [Drop("reading", "unanswered", one.name, (one.key,), lost[one.key]) for one in alone if lost.get(one.key)]
    if not rules.reading:
        return {one.key: evidence.readings[one.key][0] for one in alone if evidence.readings.get(one.key)}
    texts, more = agree(alone, evidence.readings, least_similarity=rules.reading_similarity)
    drops += [_with_lost_reading(drop, evidence) for drop in more]
    return texts


def _with_lost_reading(drop: Drop, evidence: Evidence) -> Drop:
    """A text that was read once because the second question has no reply is unanswered."""
    error = evidence.error("read", str(drop.keys[0]), "1") if drop.reason == "read_once" else ""
    return replace(drop, reason="unanswered", detail=error) if error else drop


def _element(evidence: Evidence, unit: Unit, texts: dict[int, str], rules: Rules, drops: list[Drop]) -> Element:
    key = unit.keys[0]
    contest = element_contest(evidence, unit, rules)
    caption = _chosen(contest, Drop("captions", "", unit.name, unit.keys), rules, drops)
    claims = () if caption is None else confirmed_phrases(contest, caption, rules)
    box = to_fractions(unit.box_xyxy_px, evidence.size_wh)
    text = texts.get(key, "")
    return Element(unit.name, box, "" if caption is None else caption.text, _attributes(claims, unit.name), text)


def _attributes(phrases: Sequence[str], name: str) -> tuple[str, ...]:
    """Modifiers of the thing itself in phrases about it, once each."""
    return tuple(dict.fromkeys(word for phrase in phrases for word in split_attributes(phrase, name)))


def _group(evidence: Evidence, unit: Unit) -> Group:
    ones = evidence.by_key()
    return Group(unit.name, tuple(to_fractions(ones[key].box_xyxy_px, evidence.size_wh) for key in unit.keys))


def _relations(evidence: Evidence, things: Sequence[Unit], rules: Rules, drops: list[Drop]) -> list[Relation]:
    place = {unit.keys: index for index, unit in enumerate(things)}
    relations: list[Relation] = []
    for a, b in surviving_pairs(evidence, rules):
        about = Drop("relations", "", f"{a.name}, {b.name}", (*a.keys, *b.keys))
        caption = _chosen(pair_contest(evidence, a, b, rules), about, rules, drops)
        if caption is not None:
            relations.append(Relation(place[a.keys], place[b.keys], caption.text))
    return relations


def _chosen(contest: Contest, about: Drop, rules: Rules, drops: list[Drop]) -> Candidate | None:
    """The caption that is kept; else the drop is noted, with the reason."""
    caption, reason = verdict(contest, rules)
    if caption is None:
        drops.append(Drop(about.rule, reason, about.what, about.keys))
    return caption
