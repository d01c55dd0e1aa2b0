"""Which questions become rows, and in which wording: by seed and row id, so that no order of input decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from code_caption.errors import SettingsError
from code_caption.rows.row_forms import FORMS, Draft, Material, draft_rows
from code_caption.words.templates import IMAGE_MARK


@dataclass(frozen=True)
class LeftOut:
    """A question that was not asked."""

    form: str
    """One of `FORMS`."""
    subject: str
    """What it would have been about."""
    reason: str
    """A short slug to count by, such as `same_name`, `over_limit` or `placeholder_in_text`."""


@dataclass(frozen=True)
class Asked:
    """A question in the words that it is asked in."""

    id: str
    """`row id/form#number`; numbers go by the scene's order and keep gaps, so that they outlast other choices."""
    form: str
    """One of `FORMS`."""
    question: str
    """In the chosen wording."""
    answer: str
    """What is to be learned."""
    topic: tuple[str, ...]
    """Answers of one topic give each other away."""


def choose_questions(
    material: Material, *, row_id: str, forms: Sequence[str], seed: int = 0, most_per_form: int | None = None
) -> tuple[list[Asked], list[LeftOut]]:
    """The questions about a scene, and those that are left out.

    Questions of yes or no come in equal numbers: the surplus is left out (`unbalanced`).

    Raises:
        SettingsError: `forms`, `row_id`, `no_code`, `most_per_form`.
    """
    _check(material, row_id, forms, most_per_form)
    asked: list[Asked] = []
    left_out: list[LeftOut] = []
    for form in forms:
        drafts = {f"{row_id}/{form}#{number}": draft for number, draft in enumerate(draft_rows(form, material))}
        reasons = {key: draft.reason or _unfit(draft) for key, draft in drafts.items()}
        _leave_surplus(drafts, reasons, seed=seed, most=most_per_form)
        asked += [_asked(key, form, draft, seed) for key, draft in drafts.items() if not reasons[key]]
        left_out += [LeftOut(form, drafts[key].subject, reason) for key, reason in reasons.items() if reason]
    return asked, left_out


def draw(seed: int, key: str) -> int:
    """A number that depends on nothing but the seed and a key.

    >>> draw(0, "a") == draw(0, "a"), draw(0, "a") == draw(1, "a")
    (True, False)
    """
    return int.from_bytes(blake2b(f"{seed}/{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _asked(key: str, form: str, draft: Draft, seed: int) -> Asked:
    question = draft.questions[draw(seed, key) % len(draft.questions)]
    return Asked(key, form, question, draft.answer, draft.topic)


def _unfit(draft: Draft) -> str:
    """Why a text cannot be trained on; empty: it can."""
    if not draft.answer.strip():
        return "empty_answer"
    texts = (*draft.questions, draft.answer)
    if any(IMAGE_MARK in text for text in texts):
        return "placeholder_in_text"
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        return "not_unicode"
    return ""


def _leave_surplus(drafts: dict[str, Draft], reasons: dict[str, str], *, seed: int, most: int | None) -> None:
    """Enter reasons for what is too much: first what has no counterpart of the other answer, then by the limit."""
    kept = sorted((key for key, reason in reasons.items() if not reason), key=lambda key: draw(seed, f"{key}/keep"))
    yes, no = ([key for key in kept if drafts[key].is_yes is answer] for answer in (True, False))
    half = min(len(yes), len(no)) if most is None else min(len(yes), len(no), most // 2)
    for key in (*yes[half:], *no[half:]):
        reasons[key] = "unbalanced" if half == min(len(yes), len(no)) else "over_limit"
    others = [key for key in kept if drafts[key].is_yes is None]
    for key in others[len(others) if most is None else most :]:
        reasons[key] = "over_limit"


def _check(material: Material, row_id: str, forms: Sequence[str], most_per_form: int | None) -> None:
    if not row_id:
        raise SettingsError("row_id", "row_id must be a text that names the image's rows; got an empty one.")
    if isinstance(forms, str) or not forms or not set(forms) <= set(FORMS) or len(set(forms)) != len(forms):
        raise SettingsError("forms", f"forms must be some of {', '.join(FORMS)}, each once; got {forms!r}.")
    if "code" in forms and material.code is None:
        raise SettingsError("no_code", "the form code must have the code's text; got None. Pass scene_to_code(scene).")
    if most_per_form is not None and most_per_form < 1:
        raise SettingsError("most_per_form", f"most_per_form must be at least 1 or None; got {most_per_form}.")
