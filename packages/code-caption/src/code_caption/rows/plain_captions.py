"""A scene as one plain caption: the same record as the code, without boxes."""

from __future__ import annotations

from collections import Counter

from code_caption.rows.referring import element_phrase
from code_caption.rows.row_wording import RowWording
from code_caption.scene import Scene


def scene_to_caption(scene: Scene, wording: RowWording | None = None) -> str:
    """The scene in sentences; empty where there is nothing to say.

    In this order: the caption of the image, a sentence for each element that has one, the groups, all other elements,
    the relations, the texts that were read (unless the element's sentence has them).

    >>> from code_caption.scene import Element, Group
    >>> chairs = Group("chair", ((0.0, 0.5, 0.1, 0.9), (0.2, 0.5, 0.3, 0.9), (0.4, 0.5, 0.5, 0.9)))
    >>> scene_to_caption(Scene("A ferry deck", (Element("buoy", (0.6, 0.1, 0.8, 0.4), text="TERN"),), (chairs,)))
    'A ferry deck. There are three chairs together. Also in the image: a buoy. The text on the buoy reads "TERN".'
    """
    wording = wording or RowWording()
    sentences = [scene.caption, *(element.caption for element in scene.elements)]
    sentences += [_group_sentence(group.name, group.count, wording) for group in scene.groups if group.count > 1]
    sentences += [_rest_sentence(scene, wording)]
    sentences += [relation.caption for relation in scene.relations]
    sentences += [
        wording.text_sentence.format(phrase=element_phrase(element), text=" ".join(element.text.split()))
        for element in scene.elements
        if element.text and element.text not in element.caption
    ]
    return " ".join(as_sentence(sentence) for sentence in sentences if sentence.strip())


def as_sentence(text: str) -> str:
    """A text on one line, with a capital and a full stop.

    >>> as_sentence("round, orange\\nwith bands")
    'Round, orange with bands.'
    """
    line = " ".join(text.split())
    if not line:
        return ""
    return line[0].upper() + line[1:] + ("" if line[-1] in '.!?…"”' else ".")


def _group_sentence(name: str, count: int, wording: RowWording) -> str:
    return wording.group_sentence.format(group=wording.several(name, count))


def _rest_sentence(scene: Scene, wording: RowWording) -> str:
    """Elements without a sentence, those of one phrase counted together, and groups of one."""
    phrases = [element_phrase(element) for element in scene.elements if not element.caption.strip()]
    phrases += [group.name for group in scene.groups if group.count == 1]
    if not phrases:
        return ""
    parts = [wording.several_with_article(phrase, count) for phrase, count in Counter(phrases).items()]
    return wording.rest_sentence.format(list=_joined(parts))


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
