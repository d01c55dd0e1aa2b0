"""The report of a made-up run, as the tests and the picture in the README show it."""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw
from run_report import (
    ComparedTask,
    Comparison,
    Curve,
    Curves,
    Fact,
    Gallery,
    GalleryItem,
    Histogram,
    KeyFacts,
    Prose,
    Section,
    ShownTrial,
    StageAccount,
    StageAccounts,
    Table,
    count_right,
    write_report,
)

KINDS = ("penguin", "duck", "train", "boat", "tractor", "cactus")


def picture(index: int) -> Image.Image:
    """A plain scene of 96 x 96 pixels with gray squares on it."""
    stream = random.Random(index)
    image = Image.new("RGB", (96, 96), (206 - 9 * (index % 6), 222, 235 - 12 * (index % 5)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 60, 96, 96), fill=(118 + 13 * (index % 6), 158, 88 + 10 * (index % 4)))
    draw.ellipse((10, 66, 52, 88), fill=(92, 142, 190))
    for _ in range(26):
        x, y = stream.randrange(44, 72), stream.randrange(30, 58)
        draw.rectangle((x, y, x + 8, y + 8), fill=(123, 116, 103))
    return image


def item(index: int) -> GalleryItem:
    """A card with 16 trials; its share of right ones grows with the index."""
    stream = random.Random(1000 + index)
    kind, chance = KINDS[index % len(KINDS)], (index % 7) / 6
    trials: list[ShownTrial] = []
    for _ in range(16):
        is_right = stream.random() < chance
        answer = kind if is_right else stream.choice([other for other in KINDS if other != kind])
        text = f"The blocks are above a pond on grass, so it is a {answer}."
        rung = "exact" if is_right else "embedding"
        trials.append(
            ShownTrial(text=text, answer=answer, verdict=is_right, rung=rung, score=1.0 if is_right else 0.41)
        )
    return GalleryItem(
        id=f"scene-{index}/{kind}",
        image=picture(index),
        question="Gray blocks hide an object in this image. What is it? Explain what is around the blocks.",
        truth=kind,
        caption=f"a {kind} next to a pond on grass",
        trials=trials,
    )


def sections(n_items: int = 12) -> list[Section]:
    """One section of every kind."""
    stream = random.Random(7)
    items = [item(index) for index in range(n_items)]
    right = [min(16, max(0, round(stream.gauss(6, 5)))) for _ in range(400)]
    later = [min(16, value + stream.randrange(4)) for value in right]
    losses = [2.6 * math.exp(-step / 60) + 0.55 + stream.gauss(0, 0.08) for step in range(300)]
    return [
        KeyFacts(
            [
                Fact("hidden objects named, per trial", "+6.1 points", "400 held-out scenes, 16 trials each"),
                Fact("instances built", 1312, "from 2 000 captions"),
                Fact("hard but solvable", 418, "1 to 4 of 16 trials right"),
                Fact("wall time", "4 min 08 s", "2 cores"),
            ]
        ),
        Comparison(
            [
                ComparedTask(
                    "hidden objects", 400, 0.523, 0.584, 0.061, (0.034, 0.089), 0.0002, (0.49, 0.556), (0.55, 0.617)
                ),
                ComparedTask(
                    "existence", 600, 0.912, 0.907, -0.005, (-0.02, 0.011), 0.61, (0.887, 0.932), (0.881, 0.928)
                ),
                ComparedTask(
                    "counting", 300, 0.83, 0.79, -0.04, (-0.072, -0.009), 0.012, (0.784, 0.868), (0.741, 0.832)
                ),
            ],
            note="Paired on the same rows: exact McNemar test or sign flips of clusters; 95 % bootstrap intervals.",
        ),
        StageAccounts(
            [
                StageAccount("entities", 2000, 1990, {"no_entity": 7}, {"corrupt": 2, "too_large": 1}, 4120, 3.4),
                StageAccount("causality", 4120, 1544, {"low_causality": 2576}, {}, 1544, 11.9),
                StageAccount("occlude", 1544, 1312, {"no_box": 201, "too_small": 31}, {}, 1312, 1.6),
                StageAccount("trials", 1312, 1312, {}, {}, 1312, 96.0),
            ]
        ),
        Histogram(
            {"before": count_right(right), "after": count_right(later)},
            highlight=(1, 4),
            highlight_label="hard but solvable: rationales to learn from",
        ),
        Curves([Curve("training loss", list(range(300)), losses)], smoothing=0.9),
        Gallery(items, note="Each square is one trial; a filled one is right."),
        Table(["setting", "value"], [["trials", 16], ["temperature", 1.0], ["top_p", 0.9], ["LoRA", True]]),
        Prose(
            "Rationales are kept for instances with `1` to `4` right trials.\n\n- seed 17\n- base rows mixed in 1 : 1",
            "Notes",
        ),
    ]


def write_example(path: Path, n_items: int = 12) -> Path:
    """Write the example report."""
    subtitle = "A tiny VLM names what is hidden, learns from its few right guesses on hard scenes, and is compared."
    return write_report(
        path, title="Causality-driven completion: demo run", subtitle=subtitle, sections=sections(n_items)
    )


if __name__ == "__main__":
    print(write_example(Path("report.html")))
