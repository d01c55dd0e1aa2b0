"""The texts of a data set for one label, one question, one list of concepts; pure functions of the spec."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from selfsynthx.datasets.articles import with_article
from selfsynthx.datasets.placeholders import fill
from selfsynthx.datasets.spec import DatasetSpec, QuestionKind


def description_prompts(spec: DatasetSpec) -> tuple[str, ...]:
    """The prompts that ask for what is seen; the label is in none of them."""
    return tuple(fill(text, spec.words()) for text in spec.descriptions)


def question_pool(spec: DatasetSpec, kind: QuestionKind) -> tuple[str, ...]:
    """The questions of one kind, as they are asked and stored."""
    words = spec.words()
    return tuple(fill(text, words) for text in _unfilled_questions(spec, kind))


def draw_from_pool(spec: DatasetSpec, kind: QuestionKind, drawn: random.Random) -> str:
    """Any question of one kind; only this one is filled."""
    return fill(drawn.choice(_unfilled_questions(spec, kind)), spec.words())


def _unfilled_questions(spec: DatasetSpec, kind: QuestionKind) -> Sequence[str]:
    return spec.questions.of("explain" if kind == "cot" and spec.cot_is_explain else kind)


def label_concepts_prompt(spec: DatasetSpec, label: str) -> str:
    """The prompt that asks for the visual features of a label, without any picture."""
    note = spec.negative.note if _is_negative(spec, label) else ""
    return f"{fill(spec.label_concepts, _with_label(spec, label))} {note}".strip()


def lead_in(spec: DatasetSpec, label: str) -> str:
    """What a picture with this label is called."""
    template = (_is_negative(spec, label) and spec.negative.lead_in) or spec.lead_in
    return fill(template, _with_label(spec, label))


def teacher_prompt(spec: DatasetSpec, *, label: str, concepts: Sequence[str], question: str) -> str:
    """The prompt that tells label and concepts and asks a question; only the question is ever trained on."""
    told = {
        "lead_in": lead_in(spec, label),
        "concepts": "\n".join(f"- {concept}" for concept in concepts),
        "question": question,
    }
    return fill(spec.teacher, _with_label(spec, label) | told)


def label_sentence(spec: DatasetSpec, label: str) -> str:
    """The short answer that names the label, for where no synthesised one is taken.

    >>> from selfsynthx.datasets.loading import load_spec
    >>> label_sentence(load_spec("cub-200"), "American Crow")
    'It is an American Crow.'
    """
    template = (_is_negative(spec, label) and spec.negative.sentence) or spec.label_sentence
    return fill(template, _with_label(spec, label))


def visible_prompt(spec: DatasetSpec, feature: str) -> str:
    """The question whether a picture shows a feature."""
    return fill(spec.visible_question, spec.words() | {"feature": feature})


def _is_negative(spec: DatasetSpec, label: str) -> bool:
    """Whether a label names an absence: one of its words is among the negative ones."""
    words = set(re.findall(r"[^\W_]+", label.casefold()))
    return bool(words & {word.casefold() for word in spec.negative.words})


def _with_label(spec: DatasetSpec, label: str) -> dict[str, str]:
    return spec.words() | {"label": label, "a_label": with_article(label)}
