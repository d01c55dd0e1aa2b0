"""A checked scene as training rows: one question each, or several about one image in a dialogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from code_caption.errors import SettingsError
from code_caption.rows.box_texts import BoxText
from code_caption.rows.row_choice import Asked, LeftOut, choose_questions, draw
from code_caption.rows.row_forms import FORMS, WHOLE_FORMS, Material
from code_caption.rows.row_wording import RowWording
from code_caption.scene import Scene

__all__ = ["FORMS", "WHOLE_FORMS", "LeftOut", "SceneRows", "scene_to_dialogue", "scene_to_rows"]


@dataclass(frozen=True)
class SceneRows:
    """The rows of one image."""

    rows: tuple[dict[str, Any], ...]
    """Each with `id`, `messages` (content parts, the image first), `images` and `form`."""
    left_out: tuple[LeftOut, ...]
    """The questions that were not asked."""

    @property
    def reasons(self) -> dict[str, int]:
        """How many questions were left out, by `form/reason`."""
        return dict(sorted(Counter(f"{each.form}/{each.reason}" for each in self.left_out).items()))


def scene_to_rows(
    scene: Scene,
    *,
    row_id: str,
    image: Any,
    size_wh: tuple[int, int],
    forms: Sequence[str],
    wording: RowWording | None = None,
    box_text: BoxText | None = None,
    code: str | None = None,
    absent: Sequence[str] = (),
    seed: int = 0,
    most_per_form: int | None = None,
) -> SceneRows:
    """One row for each question, form by form.

    Args:
        scene: what is known of the image.
        row_id: names the image's rows; with `seed` it decides wordings and what `most_per_form` keeps.
        image: what stands in `images`; a path, if rows are to be written as LLaVA JSON.
        size_wh: of the upright image, pixels.
        forms: some of `FORMS`.
        wording: None: our own.
        box_text: None: as LLaVA-1.5 writes boxes.
        code: answer of the form `code`.
        absent: names of what is known not to be there, for the form `exist`: as many of these as of what is there.
        seed: see `row_id`.
        most_per_form: rows of one form at most.

    >>> from code_caption.scene import Element
    >>> scene = Scene("A pond.", (Element("duck", (0.25, 0.25, 0.75, 0.75)),))
    >>> made = scene_to_rows(scene, row_id="7", image="7.png", size_wh=(640, 480), forms=("grounding",))
    >>> made.rows[0]["id"], made.rows[0]["messages"][1]["content"][0]["text"]
    ('7/grounding#0', '[0.25, 0.31, 0.75, 0.69]')

    Raises:
        SettingsError: `forms`, `row_id`, `no_code`, `most_per_form`, `size_wh`.

    Source: the forms are those that the method's published data suggests; all wording is ours.
    """
    material = _material(scene, size_wh, wording, box_text, code, absent)
    asked, left_out = choose_questions(material, row_id=row_id, forms=forms, seed=seed, most_per_form=most_per_form)
    return SceneRows(tuple(_row(each.id, image, each.form, [each]) for each in asked), tuple(left_out))


def scene_to_dialogue(
    scene: Scene,
    *,
    row_id: str,
    image: Any,
    size_wh: tuple[int, int],
    forms: Sequence[str],
    wording: RowWording | None = None,
    box_text: BoxText | None = None,
    code: str | None = None,
    absent: Sequence[str] = (),
    seed: int = 0,
    most_per_form: int | None = None,
    turns_per_row: int | None = None,
) -> SceneRows:
    """The same questions, several to a row, so that an image's tokens are trained on fewer times.

    Questions about one kind of thing (an office chair is a chair too) never share a row, as one answer would give away
    the next; where there are many of them there are as many rows. The forms `code` and `caption` tell everything and
    have rows of their own, as `scene_to_rows` writes them. The order of questions goes by seed and row id.

    Args:
        scene: as `scene_to_rows`, like all others but the last.
        row_id: of dialogues, `row_id/dialogue#0` and so on.
        image: stands once in each row.
        size_wh: of the upright image, pixels.
        forms: some of `FORMS`.
        wording: None: our own.
        box_text: None: as LLaVA-1.5 writes boxes.
        code: answer of the form `code`.
        absent: as `scene_to_rows`.
        seed: as `scene_to_rows`.
        most_per_form: questions of one form at most.
        turns_per_row: questions in one row at most; None: no limit.

    Raises:
        SettingsError: as `scene_to_rows`; `turns_per_row`.
    """
    if turns_per_row is not None and turns_per_row < 1:
        raise SettingsError("turns_per_row", f"turns_per_row must be at least 1 or None; got {turns_per_row}.")
    material = _material(scene, size_wh, wording, box_text, code, absent)
    asked, left_out = choose_questions(material, row_id=row_id, forms=forms, seed=seed, most_per_form=most_per_form)
    rows = [_row(each.id, image, each.form, [each]) for each in asked if each.form in WHOLE_FORMS]
    about_things = [each for each in asked if each.form not in WHOLE_FORMS]
    about_things.sort(key=lambda each: draw(seed, f"{each.id}/order"))
    for number, turns in enumerate(_dealt(about_things, turns_per_row)):
        rows.append(_row(f"{row_id}/dialogue#{number}", image, "dialogue", turns))
    return SceneRows(tuple(rows), tuple(left_out))


def _material(
    scene: Scene,
    size_wh: tuple[int, int],
    wording: RowWording | None,
    box_text: BoxText | None,
    code: str | None,
    absent: Sequence[str],
) -> Material:
    return Material(scene, size_wh, wording or RowWording(), box_text or BoxText(), code, tuple(absent))


def _dealt(asked: Iterable[Asked], most: int | None) -> list[list[Asked]]:
    """Each question into the first row that has room and no question about its kind of thing."""
    rows: list[list[Asked]] = []
    for each in asked:
        open_rows = (row for row in rows if most is None or len(row) < most)
        row = next((row for row in open_rows if not any(_is_of_kind(each.topic, other.topic) for other in row)), None)
        if row is None:
            rows.append([each])
        else:
            row.append(each)
    return rows


def _is_of_kind(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether one topic includes the other: an office chair is a chair."""
    shorter, longer = sorted((a, b), key=len)
    return longer[len(longer) - len(shorter) :] == shorter


def _row(row_id: str, image: Any, form: str, turns: Sequence[Asked]) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        image_part = [{"type": "image"}] if number == 0 else []
        messages.append({"role": "user", "content": [*image_part, {"type": "text", "text": turn.question}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": turn.answer}]})
    return {"id": row_id, "messages": messages, "images": [image], "form": form}
