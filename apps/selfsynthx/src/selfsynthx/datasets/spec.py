"""What is particular to a data set, as one validated value: its words, prompts, questions, matcher and policies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from selfsynthx.datasets.articles import with_article
from selfsynthx.datasets.placeholders import check_places, fill

QuestionKind = Literal["simple", "explain", "cot"]
"""Asks for the name alone, for the name with reasons, or for what is seen and then the name."""

QUESTION_KINDS: tuple[QuestionKind, ...] = ("simple", "explain", "cot")

Augmentation = Literal["none", "mild", "flip", "medical", "published"]
"""How pictures are changed in training; `published` is what the original does to every data set."""

_NOUNS = ("noun", "a_noun", "kind")
_LABELS = ("label", "a_label")
_CONFIG = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Questions(BaseModel):
    """The pools that questions are drawn from. Places: `{noun}`, `{a_noun}`, `{kind}`; never the label."""

    model_config = _CONFIG

    simple: tuple[str, ...] = Field(min_length=1)
    """Ask for the name only."""
    explain: tuple[str, ...] = Field(min_length=1)
    """Ask for the name and the reasons for it."""
    cot: tuple[str, ...] = Field(min_length=1)
    """Ask to describe what is seen first and then to conclude the name."""

    @field_validator("*")
    @classmethod
    def _texts_are_whole(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            check_places(text, known=_NOUNS)
        return value

    def of(self, kind: QuestionKind) -> tuple[str, ...]:
        """The pool of one kind."""
        return {"simple": self.simple, "explain": self.explain, "cot": self.cot}[kind]


class KindWeights(BaseModel):
    """How often each kind of question is drawn; the three add up to 1."""

    model_config = _CONFIG

    simple: float = Field(default=0.4, ge=0, le=1)
    """Share of questions for the name alone."""
    explain: float = Field(default=0.2, ge=0, le=1)
    """Share of questions for the name and reasons."""
    cot: float = Field(default=0.4, ge=0, le=1)
    """Share of questions for what is seen and then the name."""

    @model_validator(mode="after")
    def _add_up(self) -> KindWeights:
        if abs(self.simple + self.explain + self.cot - 1) > 1e-6:
            raise ValueError(f"kind weights must add up to 1; got {self.simple} + {self.explain} + {self.cot}")
        return self


class Matcher(BaseModel):
    """How labels are found in answers, as `answer_judge.LabelSet` takes it."""

    model_config = _CONFIG

    binary: bool = False
    """Two labels, one of which is true: to deny one claims the other, and yes claims the positive one."""
    positive: str = ""
    """With `binary`, the label that yes claims."""
    specific_wins: bool = False
    """A label within another one's name ("collie" in "Border collie") is not claimed where the longer one is."""
    aliases: dict[str, tuple[str, ...]] = {}
    """Other names of a label."""

    @model_validator(mode="after")
    def _positive_is_named(self) -> Matcher:
        if self.binary != bool(self.positive.strip()):
            raise ValueError("binary and positive go together: name the label that yes claims, or leave out both")
        return self


class NegativeLabels(BaseModel):
    """What is said of labels that name an absence: normal, healthy."""

    model_config = _CONFIG

    words: tuple[str, ...] = ()
    """A label with one of these words names an absence."""
    note: str = ""
    """Added to the prompt for the label's features, which are those of what is all right."""
    lead_in: str = ""
    """In place of the data set's; empty takes that."""
    sentence: str = ""
    """In place of the data set's label sentence; empty takes that."""

    @field_validator("lead_in", "sentence")
    @classmethod
    def _names_the_label(cls, value: str) -> str:
        return check_places(value, known=(*_NOUNS, *_LABELS), one_of=(_LABELS,)) if value else value


class Published(BaseModel):
    """What the original does with this data set where ours differs; `DatasetSpec.as_published` switches to it.

    Source: code released with arXiv 2502.14044.
    """

    model_config = _CONFIG

    lead_in: str = ""
    """Published words, always with the same article; empty if they are as ours."""
    kind_weights: KindWeights = KindWeights(simple=0.40, explain=0.192, cot=0.408)
    """What the original's nested draws come to."""
    augmentation: Augmentation = "published"
    """The original changes the pictures of every data set alike."""
    cot_is_explain: bool = False
    """The original asks the same questions under both kinds (leaves, X-rays)."""

    @field_validator("lead_in")
    @classmethod
    def _names_the_label(cls, value: str) -> str:
        return check_places(value, known=(*_NOUNS, *_LABELS), one_of=(_LABELS,)) if value else value


class DatasetSpec(BaseModel):
    """All that is particular to a data set.

    Places in texts: `{noun}` bird, `{a_noun}` a bird, `{kind}` bird species; where the label is known also `{label}`
    and `{a_label}`, which has its article.
    """

    model_config = _CONFIG

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Short name: small letters, digits, hyphens."""
    title: str = Field(min_length=1)
    """Name for people."""
    noun: str = Field(min_length=1)
    """What every picture shows, in the singular: bird."""
    kind: str = "kind of {noun}"
    """What the labels are, in the singular: bird species."""
    lead_in: str
    """What a picture with this label is called: picture of {a_label}."""
    descriptions: tuple[str, ...] = Field(min_length=1)
    """Ask for what is seen; the label is not told. Paper: 3."""
    label_concepts: str
    """Asks a model without the picture for the visual features of a label."""
    questions: Questions
    """The pools of the three kinds. Paper: about 50 of each."""
    kind_weights: KindWeights = KindWeights()
    """How often each kind is drawn in the first round."""
    cot_is_explain: bool = False
    """Draw from the pool `explain` where `cot` is due, as published for leaves and X-rays."""
    teacher: str
    """Tells label and concepts and asks the question; places also {lead_in}, {concepts}, {question}."""
    label_sentence: str
    """The answer where no synthesised one is taken."""
    visible_question: str
    """Asks whether a picture shows a feature, yes or no, to score explanations; place also {feature}."""
    matcher: Matcher = Matcher()
    """How labels are found in answers."""
    negative: NegativeLabels = NegativeLabels()
    """Labels that name an absence."""
    augmentation: Augmentation = "mild"
    """Policy for pictures in training: it must not contradict what explanations say of colour, side or form."""
    published: Published = Published()
    """What the original does instead."""

    @field_validator("noun", "title")
    @classmethod
    def _is_plain(cls, value: str) -> str:
        return check_places(value, known=())

    @field_validator("kind")
    @classmethod
    def _kind_is_whole(cls, value: str) -> str:
        return check_places(value, known=("noun",))

    @field_validator("descriptions")
    @classmethod
    def _descriptions_are_whole(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            check_places(text, known=_NOUNS)
        if len(set(map(_reading, value))) < len(value):
            raise ValueError("description prompts must differ")
        return value

    @field_validator("lead_in", "label_concepts", "label_sentence")
    @classmethod
    def _names_the_label(cls, value: str) -> str:
        return check_places(value, known=(*_NOUNS, *_LABELS), one_of=(_LABELS,))

    @field_validator("teacher")
    @classmethod
    def _teacher_tells_all(cls, value: str) -> str:
        known = (*_NOUNS, *_LABELS, "lead_in", "concepts", "question")
        return check_places(value, known=known, one_of=((*_LABELS, "lead_in"), ("concepts",), ("question",)))

    @field_validator("visible_question")
    @classmethod
    def _names_the_feature(cls, value: str) -> str:
        return check_places(value, known=(*_NOUNS, "feature"), one_of=(("feature",),))

    @model_validator(mode="after")
    def _questions_differ(self) -> DatasetSpec:
        seen: dict[str, str] = {}
        for kind, text in self._filled_questions():
            if (reading := _reading(text)) in seen:
                where = f"twice in {kind}" if seen[reading] == kind else f"in {seen[reading]} and in {kind}"
                raise ValueError(f"questions must differ; {text!r} is {where}")
            seen[reading] = kind
        return self

    def words(self) -> dict[str, str]:
        """Values of the places that do not depend on a picture."""
        kind = fill(self.kind, {"noun": self.noun})
        return {"noun": self.noun, "a_noun": with_article(self.noun), "kind": kind}

    def as_published(self) -> DatasetSpec:
        """The same data set with the original's choices in place of ours."""
        return self.model_copy(
            update={
                "lead_in": self.published.lead_in or self.lead_in,
                "negative": NegativeLabels(words=self.negative.words, sentence=self.negative.sentence),
                "kind_weights": self.published.kind_weights,
                "augmentation": self.published.augmentation,
                "cot_is_explain": self.published.cot_is_explain,
            }
        )

    def _filled_questions(self) -> Iterator[tuple[QuestionKind, str]]:
        words = self.words()
        for kind in QUESTION_KINDS:
            for text in self.questions.of(kind):
                yield kind, fill(text, words)


def _reading(text: str) -> str:
    """Letters and digits alone, so that case and punctuation make no difference."""
    return " ".join(re.findall(r"\w+", text.casefold()))
