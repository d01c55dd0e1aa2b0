"""How a model is interviewed about an image: what is asked, of which view, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from code_caption.checks.asks import Decoding
from code_caption.checks.question_wording import QuestionWording
from code_caption.checks.rules import Rules
from code_caption.checks.views import Framing
from code_caption.errors import SettingsError
from code_caption.words.noun_forms import NounForms

SAMPLED = Decoding(n=4, temperature=0.8, top_p=0.95, max_new_tokens=256, drawn=8)
"""Captions as published: the four with the highest log-probability of eight."""

GREEDY = Decoding()
_COUNTED = Decoding(max_new_tokens=8)
_CLOSE, _CONTEXT, _EXACT = Framing(scale=1.3), Framing(scale=1.5), Framing()
_CHECKED, _BOTH = Framing(scale=1.3, least_side_px=200), Framing(scale=1.1)
_RULES = (Rules(),)


@dataclass(frozen=True)
class Interview:
    """All choices about asking; framings and decodings of captions are the published ones, the others say what is ours.

    Raises:
        SettingsError: there are no rules, an unknown way to count, or a negative size.
    """

    rules: tuple[Rules, ...] = _RULES
    """Whatever any of them needs is asked, once."""
    wording: QuestionWording = field(default_factory=QuestionWording)
    nouns: NounForms = field(default_factory=NounForms)
    """Articles and plurals."""

    exists_view: Framing = _CHECKED
    """Of checks of a box and of phrases about it: one view, so that it is encoded once."""
    region_view: Framing = _CONTEXT
    """Of captions of a box."""
    read_view: Framing = _EXACT
    """Of the first reading."""
    reread_view: Framing = _CLOSE
    """Of the second one (ours; the published code reads once)."""
    pair_view: Framing = _BOTH
    """Of captions of a pair, around both; also of checks of phrases about it under `Rules.pair_claims` "crop"."""

    region_decoding: Decoding = SAMPLED
    """Of captions of a box: four of eight sampled texts (published)."""
    pair_decoding: Decoding = SAMPLED
    """Of captions of a pair: the same (published)."""
    read_decoding: Decoding = GREEDY
    """Of both readings: greedy (ours; the published code takes the likeliest of four sampled texts)."""
    count_decoding: Decoding = _COUNTED
    """Of counts that are asked for in words: greedy (ours; the published code checks a number)."""

    count_form: Literal["at_least", "how_many"] = "at_least"
    """Check whether there are at least so many (published), or let the model count once."""
    read_names: frozenset[str] | None = None
    """Read only on these; None: on everything."""
    least_read_px: float = 32.0
    """Both sides of a box that is read; smaller ones are not."""

    def __post_init__(self) -> None:
        if not self.rules:
            raise SettingsError("rules", "an interview needs at least one set of rules; got none.")
        if self.count_form not in ("at_least", "how_many"):
            raise SettingsError("count_form", f"count_form must be at_least or how_many; got {self.count_form!r}.")
        if not self.least_read_px >= 0:
            raise SettingsError("least_read_px", f"least_read_px must be at least 0; got {self.least_read_px}.")
