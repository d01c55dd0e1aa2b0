"""What of an image's sightings is left under a set of rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from code_caption.checks.answers import UNANSWERED, Answer
from code_caption.checks.counting import recount
from code_caption.checks.drops import Drop
from code_caption.checks.evidence import Evidence
from code_caption.checks.existence import confirm
from code_caption.checks.geometry import find_pairs, to_units
from code_caption.checks.rules import Rules
from code_caption.checks.sightings import Sighting, Unit


def survivors(evidence: Evidence, rules: Rules) -> tuple[list[Sighting], list[Drop]]:
    """Apply existence, then counting to what is left."""
    kept, drops = existing(evidence, rules)
    if rules.counting == "off":
        return kept, drops
    kept, more = recount(kept, evidence.counts, policy=rules.counting, threshold=rules.counting_threshold)
    return kept, drops + more


def existing(evidence: Evidence, rules: Rules) -> tuple[list[Sighting], list[Drop]]:
    """Apply existence alone."""
    if not rules.existence:
        return list(evidence.sightings), []
    control = evidence.control[1] if rules.control and evidence.control is not None else 0.0
    kept, drops = confirm(evidence.sightings, evidence.exists, threshold=rules.existence_threshold, control=control)
    return kept, [_with_error(drop, evidence) for drop in drops]


def count_answers(evidence: Evidence) -> dict[tuple[str, int], Answer]:
    """Answers about numbers by name and least number; a question without a reply is a no."""
    numbers = Counter(one.name for one in evidence.sightings)
    asked = ((name, least) for name, most in numbers.items() for least in range(2, most + 1))
    failed = (about for about in asked if evidence.error("at_least", about[0], str(about[1])))
    return dict.fromkeys(failed, UNANSWERED) | evidence.counts


def _with_error(drop: Drop, evidence: Evidence) -> Drop:
    return drop if drop.detail else replace(drop, detail=evidence.error("exists", str(drop.keys[0])))


def surviving_units(evidence: Evidence, rules: Rules) -> list[Unit]:
    """Elements and groups of what is left."""
    kept, _ = survivors(evidence, rules)
    return to_units(kept, link_scale=rules.link_scale, least_members=rules.least_members)


def surviving_pairs(evidence: Evidence, rules: Rules) -> list[tuple[Unit, Unit]]:
    """Pairs of what is left."""
    return find_pairs(
        surviving_units(evidence, rules),
        evidence.size_wh,
        least_share=rules.least_pair_share,
        growth=rules.pair_growth,
        most=rules.most_pairs,
    )
