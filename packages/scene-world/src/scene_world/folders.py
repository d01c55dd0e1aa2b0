"""Worlds on disk, in the formats that people already have: image files, captions, COCO instances, and rows."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from occlusion import SHORT_REQUEST, encode_mask
from PIL import Image

from scene_world.exam import EXAM_TASKS, ExamItem, exam, hidden_exam
from scene_world.language import caption
from scene_world.questions import View, ask, hidden_stem
from scene_world.reasons import is_reason_true
from scene_world.render import box_xyxy_px, mask_hw, render
from scene_world.scene import SIZE_PX, Thing, sample_scene
from scene_world.things import KINDS, category_of

Row = dict[str, Any]

_BASE_TASKS = (*EXAM_TASKS, "caption")


def write_folder(folder: str | Path, n: int, *, split: str = "train", seed: int = 0) -> None:
    """Writes `n` scenes as a user would have photographs.

    `images/*.png`; `captions.json`, a list of `{"image", "text_input"}` with two captions for each image;
    `instances.json`, COCO instances with a box, a run-length mask and a category for each thing.

    Args:
        folder: is made where missing; files of the same name are replaced.
        n: number of scenes.
        split: which scenes; `heldout` is never used for training.
        seed: another seed, other scenes.
    """
    folder = Path(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    captions: list[Row] = []
    images: list[Row] = []
    annotations: list[Row] = []
    for index in range(n):
        scene = sample_scene(f"{split}/{seed}", index)
        name = f"{scene.id.replace('/', '-')}.png"
        render(scene).save(folder / "images" / name)
        captions += [{"image": name, "text_input": caption(scene, style)} for style in ("pairs", "sentences")]
        images.append({"id": index, "file_name": name, "width": SIZE_PX, "height": SIZE_PX})
        for thing in scene.things:
            annotations.append(_annotation(len(annotations) + 1, index, thing))
    categories = [{"id": i + 1, "name": kind, "supercategory": category_of(kind)} for i, kind in enumerate(KINDS)]
    instances = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "captions.json").write_text(json.dumps(captions, indent=1))
    (folder / "instances.json").write_text(json.dumps(instances))


def hidden_rows(n: int, folder: Path, *, split: str = "heldout", seed: int = 0, causal: bool = True) -> Iterator[Row]:
    """Completion questions with known answers; the pictures go to `folder`.

    Each row: `id, image, width, height, stem, question, short_question, answer, rationale, rule, causal, scene,
    hidden`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for item in hidden_exam(n, f"{split}/{seed}", causal=causal):
        hidden = item.view.hidden or 0
        stem = hidden_stem(item.question.subject)
        row = _row(item, folder, f"hidden-{'causal' if causal else 'neutral'}")
        row |= {
            "stem": stem,
            "question": item.question.text,
            "short_question": f"{stem} {SHORT_REQUEST}",
            "answer": item.question.subject,
            "rationale": item.question.answer,
            "rule": item.question.subset,
            "causal": causal,
            "hidden": hidden,
        }
        yield row


def task_rows(n: int, folder: Path, *, split: str = "heldout", seed: int = 0) -> Iterator[Row]:
    """`n` questions of every other task: `id, image, width, height, question, answer, task, box, messages`."""
    folder.mkdir(parents=True, exist_ok=True)
    for task in EXAM_TASKS:
        for item in exam(task, n, f"{split}/{seed}"):
            yield _row(item, folder, task) | {"messages": [_asked(item.question.text)]}


def base_rows(n: int, folder: Path, *, split: str = "base", seed: int = 0) -> Iterator[Row]:
    """Ordinary training rows, nothing hidden: `id, images, messages`, one question about each image.

    They stand for the general instruction mix of a real model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(n):
        rng = random.Random(f"base/{split}/{seed}/{index}")
        scene = sample_scene(f"{split}/{seed}", index, crowd=rng.random() < 0.1)
        question = None
        while question is None:
            question = ask(rng.choice(_BASE_TASKS), View(scene), rng)
        messages = [_asked(question.text), _answered(question.answer)]
        yield {"id": f"base-{scene.id}", "images": [saved(render(scene), folder, scene.id)], "messages": messages}


def judge_reason(text: str, row: Row) -> bool:
    """True if every reason stated in a rationale holds in the scene of a row of `hidden_rows`."""
    split, index = row["scene"].rsplit("-", 1)
    return is_reason_true(text, View(sample_scene(split, int(index)), row["hidden"]))


def _row(item: ExamItem, folder: Path, task: str) -> Row:
    scene = item.view.scene
    row_id = f"{task}-{scene.id}"
    box = item.question.box_xyxy_px
    return {
        "id": row_id,
        "image": saved(item.image, folder, row_id),
        "width": SIZE_PX,
        "height": SIZE_PX,
        "task": task,
        "scene": scene.id,
        "cluster": scene.id,
        "question": item.question.text,
        "answer": item.question.answer,
        "subset": item.question.subset,
        "box": list(box) if box else None,
    }


def saved(image: Image.Image, folder: Path, name: str) -> str:
    """Writes a picture as PNG under a name whose slashes become dashes, and returns its path."""
    path = folder / f"{name.replace('/', '-')}.png"
    image.save(path)
    return str(path)


def _asked(text: str) -> Row:
    return {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}


def _answered(text: str) -> Row:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def _annotation(annotation_id: int, image_id: int, thing: Thing) -> Row:
    x0, y0, x1, y1 = box_xyxy_px(thing)
    mask = mask_hw(thing)
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": KINDS.index(thing.kind) + 1,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": int(mask.sum()),
        "iscrowd": 0,
        "segmentation": encode_mask(mask),
    }
