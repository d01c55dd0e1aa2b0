"""Two images in one dialogue: where to look, then the crop and the answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from scene_world.language import box_text
from scene_world.questions import Question, View, ask
from scene_world.render import box_xyxy_px
from scene_world.scene import SIZE_PX

WHERE_REQUEST = "Which region of the image answers this question?"


@dataclass(frozen=True)
class Zoom:
    """Turn one asks where; turn two shows the crop and asks the question itself."""

    where: str
    box_xyxy_px: tuple[int, int, int, int]
    question: str
    answer: str

    @property
    def box_text(self) -> str:
        """The answer of turn one."""
        return box_text(self.box_xyxy_px)


def make_zoom(view: View, rng: random.Random) -> Zoom | None:
    """A two-turn dialogue about one thing: its colour, or what its sign says; None where the scene has neither."""
    question: Question | None = ask("sign", view, rng) if rng.random() < 0.5 else None
    question = question or ask("color", view, rng)
    if question is None:
        return None
    thing = next(t for t in view.visible if t.kind == question.subject)
    return Zoom(f"{WHERE_REQUEST} {question.text}", box_xyxy_px(thing), question.text, question.answer)


def zoom_crop(image: Image.Image, box: tuple[int, int, int, int], *, context: float = 1.6) -> Image.Image:
    """The square crop around a box, as large as the image itself: RGB, 96 x 96 pixels.

    Args:
        image: the whole picture.
        box: x0, y0, x1, y1 in its pixels.
        context: side of the crop as a multiple of the longer side of the box; the crop is moved to stay inside.
    """
    side = min(SIZE_PX, round(max(box[2] - box[0], box[3] - box[1]) * context))
    left = min(max(0, (box[0] + box[2] - side) // 2), SIZE_PX - side)
    top = min(max(0, (box[1] + box[3] - side) // 2), SIZE_PX - side)
    return image.crop((left, top, left + side, top + side)).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR)
