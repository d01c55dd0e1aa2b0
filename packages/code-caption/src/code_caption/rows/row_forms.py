"""What each form asks about a scene, before any of it is chosen or worded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from code_caption.rows.box_texts import BoxText
from code_caption.rows.plain_captions import as_sentence, scene_to_caption
from code_caption.rows.referring import Reference, element_phrase, refer_to_element, refer_to_group
from code_caption.rows.row_wording import RowWording
from code_caption.scene import BoxFractions, Scene
from code_caption.words.nearness import might_be_there, near_spellings

FORMS: tuple[str, ...] = ("code", "caption", "region", "grounding", "boxes", "count", "text", "attribute", "exist")
"""Kinds of rows; the code and the caption tell the whole image, the others ask about one thing of it."""

WHOLE_FORMS: frozenset[str] = frozenset({"code", "caption"})
"""Forms whose answer gives away all others."""


@dataclass(frozen=True)
class Draft:
    """One question with its answer, in every wording that it can have."""

    subject: str
    """What it is about, for accounts."""
    questions: tuple[str, ...] = ()
    """Alternatives, ready to ask."""
    answer: str = ""
    topic: tuple[str, ...] = ()
    """The kind of thing asked about; answers of one topic give each other away."""
    reason: str = ""
    """Why it cannot be asked; empty: it can."""
    is_yes: bool | None = None
    """Of a question of yes or no, the answer."""


@dataclass(frozen=True)
class Material:
    """All that rows are made of."""

    scene: Scene
    """What is known of the image."""
    size_wh: tuple[int, int]
    """Of the upright image, pixels."""
    wording: RowWording = field(default_factory=RowWording)
    """Questions and answers."""
    box_text: BoxText = field(default_factory=BoxText)
    """How boxes are written."""
    code: str | None = None
    """The code caption, as far as a token budget let it."""
    absent: tuple[str, ...] = ()
    """Names of what is known not to be in the image."""

    def box(self, box: BoxFractions) -> str:
        """The text of a box."""
        return self.box_text.write(box, self.size_wh)


def draft_rows(form: str, material: Material) -> list[Draft]:
    """All questions of one of `FORMS`, in the scene's order, also those that cannot be asked, with the reason.

    >>> from code_caption.scene import Element
    >>> scene = Scene(elements=(Element("duck", (0.0, 0.0, 0.5, 0.5), text="7"),))
    >>> draft_rows("text", Material(scene, (64, 64)))[0].questions
    ('What is written on the duck?', 'Read the text on the duck.')
    """
    return list(_MAKERS[form](material))


def _code(material: Material) -> Iterator[Draft]:
    yield Draft("image", material.wording.code, material.code or "")


def _caption(material: Material) -> Iterator[Draft]:
    yield Draft("image", material.wording.caption, scene_to_caption(material.scene, material.wording))


def _region(material: Material) -> Iterator[Draft]:
    wording, scene = material.wording, material.scene
    things = [(_subject(scene, place), material.box(_box(scene, place))) for place in range(_things(scene))]
    boxes = Counter(box for _, box in things)
    for place, (subject, box) in enumerate(things):
        if boxes[box] > 1:
            yield Draft(subject, reason="same_box")
            continue
        questions = tuple(question.format(box=box) for question in wording.region)
        yield Draft(subject, questions, _region_answer(material, place), _topic(material, place))


def _region_answer(material: Material, place: int) -> str:
    wording, scene = material.wording, material.scene
    if place >= len(scene.elements):
        group = scene.groups[place - len(scene.elements)]
        phrase, a_phrase = (say(group.name, group.count) for say in (wording.several, wording.several_with_article))
    else:
        element = scene.elements[place]
        if element.caption.strip():
            return as_sentence(element.caption)
        phrase = element_phrase(element)
        a_phrase = wording.nouns.with_article(phrase)
    return wording.region_answer.format(phrase=phrase, a_phrase=a_phrase)


def _grounding(material: Material) -> Iterator[Draft]:
    wording, scene = material.wording, material.scene
    for place in range(_things(scene)):
        if place < len(scene.elements):
            reference = refer_to_element(scene, place, wording)
        else:
            reference = refer_to_group(scene, place - len(scene.elements), wording)
        answer = wording.grounding_answer.format(box=material.box(_box(scene, place)))
        yield _about(material, place, reference, wording.grounding, answer)


def _boxes(material: Material) -> Iterator[Draft]:
    wording = material.wording

    def written(names: list[str]) -> list[str]:
        return [material.box(box) for box in sorted(_boxes_of(material.scene, names), key=_reading_order)]

    def answer(names: list[str]) -> str:
        return wording.boxes_answer.format(boxes=", ".join(written(names)))

    def reason(names: list[str]) -> str:
        boxes = written(names)
        return "same_box" if len(set(boxes)) < len(boxes) else ""

    return _of_each_name(material, wording.boxes, answer, reason)


def _boxes_of(scene: Scene, names: list[str]) -> list[BoxFractions]:
    found = [element.box for element in scene.elements if element.name in names]
    return found + [member for group in scene.groups if group.name in names for member in group.members]


def _reading_order(box: BoxFractions) -> tuple[int, float, BoxFractions]:
    """By which quarter of the image the middle lies in, from the top, then from the left."""
    return int(2 * (box[1] + box[3])), box[0] + box[2], box


def _count(material: Material) -> Iterator[Draft]:
    counts, wording = material.scene.counts, material.wording

    def answer(names: list[str]) -> str:
        return wording.count_answer.format(count=wording.number(sum(counts[name] for name in names)))

    return _of_each_name(material, wording.count, answer)


def _of_each_name(
    material: Material,
    asked: Iterable[str],
    answer: Callable[[list[str]], str],
    unfit: Callable[[list[str]], str] = lambda _: "",
) -> Iterator[Draft]:
    """One question for each name that can be counted; it is answered for all names that mean the same.

    `unfit` says why there is no answer for these names; empty: there is one.
    """
    counts, wording, nouns = material.scene.counts, material.wording, material.wording.nouns
    for name in counts:
        alike = [other for other in counts if nouns.includes(name, other)]
        if reason := _uncounted(name, alike, wording):
            yield Draft(name, reason=reason)
        elif name == min(alike):
            questions = tuple(each.format(name=name, plural=nouns.plural(name)) for each in asked)
            reason = unfit(alike)
            yield Draft(name, reason=reason) if reason else Draft(name, questions, answer(alike), nouns.key(name))


def _uncounted(name: str, alike: list[str], wording: RowWording) -> str:
    """Why nobody knows how many there are; empty: it is known."""
    nouns = wording.nouns
    if not nouns.is_countable(name):
        return "uncountable"
    if any(nouns.key(other) != nouns.key(name) for other in alike):
        return "nested_names"
    if any(nouns.is_plural(other) and nouns.has_singular(other) for other in alike):
        return "plural_name"
    return ""


def _text(material: Material) -> Iterator[Draft]:
    wording, scene = material.wording, material.scene
    for place, element in enumerate(scene.elements):
        if element.text:
            answer = wording.text_answer.format(text=element.text)
            yield _about(material, place, refer_to_element(scene, place, wording), wording.text, answer)


def _attribute(material: Material) -> Iterator[Draft]:
    wording, scene = material.wording, material.scene
    kinds = [kind for kind in wording.attribute_kinds if kind.questions]
    for place, element in enumerate(scene.elements):
        for kind in kinds:
            words = kind.of(element.attributes)
            if words and kind.of(element.name.split()):
                yield Draft(f"{_subject(scene, place)}, {kind.name}", reason="told_by_name")
            elif words:
                reference = refer_to_element(scene, place, wording, without=tuple(words))
                yield _about(material, place, reference, kind.questions, " and ".join(_one_word_each(words)))
        asked = {word for kind in kinds for word in kind.of(element.attributes)}
        for word in element.attributes:
            if word not in asked:
                yield Draft(f"{_subject(scene, place)}, {word}", reason="no_question")


def _one_word_each(words: Mapping[str, str]) -> list[str]:
    """The first word of each meaning."""
    meanings: dict[str, str] = {}
    for word, meaning in words.items():
        meanings.setdefault(meaning, word)
    return list(meanings.values())


def _exist(material: Material) -> Iterator[Draft]:
    nouns, there = material.wording.nouns, material.scene.counts
    yes, no = material.wording.exist_answers
    names = {nouns.key(name): name for name in reversed(there)}
    for key, name in sorted(names.items()):
        yield Draft(name, _exist_questions(name, material.wording), yes, key, is_yes=True)
    texts = (*there, *_captions(material.scene))
    near = near_spellings(there, texts)
    for name in dict.fromkeys(material.absent):
        # The wording's own nouns may know plurals that the general words do not.
        if any(nouns.includes(name, other) for other in there) or might_be_there(name, texts, near):
            yield Draft(name, reason="not_absent")
        else:
            yield Draft(name, _exist_questions(name, material.wording), no, nouns.key(name), is_yes=False)


def _captions(scene: Scene) -> list[str]:
    """All that is said of the image and of what is in it."""
    return [scene.caption, *(each.caption for each in (*scene.elements, *scene.relations))]


def _exist_questions(name: str, wording: RowWording) -> tuple[str, ...]:
    places = {"name": name, "a_name": wording.nouns.with_article(name), "plural": wording.nouns.plural(name)}
    return tuple(question.format(**places) for question in wording.exist)


def _about(material: Material, place: int, reference: Reference, questions: Iterable[str], answer: str) -> Draft:
    """A question about one thing by its phrase, if it has one."""
    subject = _subject(material.scene, place)
    if reference.reason is not None:
        return Draft(subject, reason=reference.reason)
    asked = tuple(question.format(phrase=reference.phrase) for question in questions)
    return Draft(subject, asked, answer, _topic(material, place))


def _things(scene: Scene) -> int:
    return len(scene.elements) + len(scene.groups)


def _box(scene: Scene, place: int) -> BoxFractions:
    return (*scene.elements, *scene.groups)[place].box


def _subject(scene: Scene, place: int) -> str:
    elements = len(scene.elements)
    what = f"element {place}" if place < elements else f"group {place - elements}"
    return f"{what} ({(*scene.elements, *scene.groups)[place].name})"


def _topic(material: Material, place: int) -> tuple[str, ...]:
    return material.wording.nouns.key((*material.scene.elements, *material.scene.groups)[place].name)


_MAKERS: dict[str, Callable[[Material], Iterable[Draft]]] = {
    "code": _code,
    "caption": _caption,
    "region": _region,
    "grounding": _grounding,
    "boxes": _boxes,
    "count": _count,
    "text": _text,
    "attribute": _attribute,
    "exist": _exist,
}
