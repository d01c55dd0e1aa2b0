"""A small POPE in the official layout, and a model that answers it from its questions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench_eval import Answers, Question, Sampler
from bench_eval.runs import AskedModel
from PIL import Image

CATEGORIES = ("random", "popular", "adversarial")
OBJECTS = ("dog", "cat", "cup", "car")


def write_pope(folder: Path, images: int = 4) -> Path:
    """Two questions an image and category, the first with the answer yes."""
    (folder / "val2014").mkdir(parents=True)
    for k in range(images):
        Image.new("RGB", (8, 6), (k, 0, 0)).save(folder / "val2014" / f"image-{k}.jpg")
    for category in CATEGORIES:
        rows = [
            {"question_id": number, "image": f"image-{number // 2}.jpg", "label": ("yes", "no")[number % 2],
             "text": f"Is there a {OBJECTS[number % 4]} in the image?"}
            for number in range(2 * images)
        ]  # fmt: skip
        path = folder / f"coco_pope_{category}.json"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


class Counted:
    """A model that keeps what it was asked and how often it was opened."""

    def __init__(self, answer: Callable[[Question], str]) -> None:
        self.asked: list[Question] = []
        self.opened = 0
        self._answer = answer

    def model(self, name: str = "base") -> AskedModel:
        return AskedModel(name=name, identity=name, make_sampler=self._open, batch_size=4)

    def _open(self) -> Sampler:
        self.opened += 1
        return self._ask

    def _ask(self, questions: Sequence[Question]) -> list[Answers]:
        self.asked += questions
        return [Answers(one.id, [self._answer(one)] * one.decoding.n, tokens=2) for one in questions]


def says_yes(question: Question) -> str:
    return "Yes."


def knows(question: Question) -> str:
    """Right everywhere: even numbers are yes."""
    return ("yes", "no")[int(question.id.rpartition("/")[2]) % 2]
