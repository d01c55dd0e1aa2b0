"""Examines a checkpoint on held-out scenes: one accuracy for each skill.

python -m scene_world.examine                      # the shipped checkpoint, 300 questions a skill
python -m scene_world.examine --model DIR --n 100
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from scene_world.exam import EXAM_TASKS, exam, hidden_exam, is_right
from scene_world.questions import Question
from scene_world.reasons import is_reason_true
from scene_world.tiny_vlm import tiny_vlm_path

_BATCH = 50


class Asked(Protocol):
    """A question about a picture, such as `ExamItem`."""

    @property
    def image(self) -> Image.Image:
        """What is looked at."""
        ...

    @property
    def question(self) -> Question:
        """What is asked."""
        ...


def load(folder: Path) -> tuple[Any, Any]:
    """Loads a checkpoint in float32, in evaluation mode, with its processor."""
    import torch
    from transformers import AutoProcessor, LlavaForConditionalGeneration

    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoProcessor.from_pretrained(folder)


def answers(
    model: Any,
    processor: Any,
    items: Sequence[Asked],
    *,
    trials: int = 1,
    max_new_tokens: int = 40,
) -> list[list[str]]:
    """Greedy answers, or `trials` sampled ones at temperature 1 and top-p 0.9, to each item."""
    import torch

    sampling: dict[str, Any] = {"do_sample": False}
    if trials > 1:
        sampling = {"do_sample": True, "temperature": 1.0, "top_p": 0.9, "top_k": 0, "num_return_sequences": trials}
    result: list[list[str]] = []
    for start in range(0, len(items), _BATCH):
        part = items[start : start + _BATCH]
        prompts = [f"USER: <image>\n{item.question.text} ASSISTANT:" for item in part]
        inputs = processor(images=[i.image for i in part], text=prompts, return_tensors="pt", padding=True)
        with torch.no_grad():
            output = model.generate(**inputs, max_new_tokens=max_new_tokens, **sampling)
        texts = processor.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        result += [[t.strip() for t in texts[i * trials : (i + 1) * trials]] for i in range(len(part))]
    return result


def examine(model: Any, processor: Any, n: int = 300) -> dict[str, float]:
    """Greedy accuracy of every task on `n` held-out questions; the subsets of `exist` and completion beside them."""
    table: dict[str, float] = {}
    for task in EXAM_TASKS:
        items = list(exam(task, n))
        right = [is_right(i.question, a[0]) for i, a in zip(items, answers(model, processor, items), strict=True)]
        table[task] = sum(right) / n
        for subset in sorted({i.question.subset for i in items if i.question.subset}):
            marks = [r for r, i in zip(right, items, strict=True) if i.question.subset == subset]
            table[f"{task}/{subset}"] = sum(marks) / len(marks)
    return table | completion(model, processor, n)


def completion(model: Any, processor: Any, n: int = 300) -> dict[str, float]:
    """Completion: greedy, 16 trials, the share of true reasons among right answers, and the spread of right trials."""
    table: dict[str, float] = {}
    for name, causal in (("causal", True), ("neutral", False)):
        items = list(hidden_exam(n, causal=causal))
        greedy = [a[0] for a in answers(model, processor, items)]
        right = [_names(text, i.question.subject) for text, i in zip(greedy, items, strict=True)]
        table[f"hidden/{name}/greedy"] = sum(right) / n
        if not causal:
            continue
        reasons = [is_reason_true(t, i.view) for t, i, r in zip(greedy, items, right, strict=True) if r]
        table["hidden/causal/true reason"] = sum(reasons) / max(1, len(reasons))
        sampled = answers(model, processor, items, trials=16)
        counts = [sum(_names(t, i.question.subject) for t in ts) for ts, i in zip(sampled, items, strict=True)]
        table["hidden/causal/trial"] = sum(counts) / 16 / n
        for label, low, high in (("0", 0, 0), ("1-4", 1, 4), ("5-16", 5, 16)):
            table[f"hidden/causal/right {label} of 16"] = sum(low <= c <= high for c in counts) / n
        shorts = list(hidden_exam(n, short=True))
        marks = [is_right(i.question, a[0]) for i, a in zip(shorts, answers(model, processor, shorts), strict=True)]
        table["hidden/causal/short"] = sum(marks) / n
    return table


def _names(text: str, kind: str) -> bool:
    """True if a rationale ends in this kind."""
    return text.rstrip(".").split(" ")[-1] == kind


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scene_world.examine", description=__doc__)
    parser.add_argument("--model", type=Path, default=tiny_vlm_path())
    parser.add_argument("--n", type=int, default=300, help="questions for each skill")
    args = parser.parse_args()
    model, processor = load(args.model)
    for name, value in examine(model, processor, args.n).items():
        print(f"{name:32s} {value:.3f}")


if __name__ == "__main__":
    main()
