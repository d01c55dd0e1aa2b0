"""Scenes to code and back: `code_caption` against f-strings and a plain walk over `ast.parse`, in one run.

    uv run python tools/bench/code_roundtrip.py

All sides get the same scenes from a seeded generator: 3 to 6 elements with captions, in half of them a group, and up to
two relations. The reference rounds, sorts, writes with f-strings, parses with `ast.parse` and takes the constants out
of the tree; it checks nothing else. Codes must be equal byte for byte, and scenes equal to the canonical ones. Ours
reads its own form by regular expressions and checks it by writing it again (`fast`); all other text goes through a
check of its tokens and `ast.parse` (`ast`), measured here on the same codes with double quotes.

`scenes_per_s` is writing and reading together. Times are the best of some rounds of processor time, so that other work
on the machine counts little. `memory_ratio` is the peak of reading one scene. The last line is one JSON object.
"""

from __future__ import annotations

import ast
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from code_caption.code.canonical_form import canonical
from code_caption.code.canonical_reader import read_canonical
from code_caption.code.parsing import code_to_scene
from code_caption.code.rendering import scene_to_code
from code_caption.scene import BoxFractions, Element, Group, Relation, Scene

SCENES, ROUNDS = 100, 80
SENTENCE = "a deck of grey riveted steel plates with an orange lifebuoy that hangs on white rails above folded chairs"
NAMES = ["deck", "lifebuoy", "folded chair", "rail", "dog", "red car", "tennis racket", "window"]


def random_box(rng: random.Random) -> BoxFractions:
    """A box of 5 to 60 percent of the image a side."""
    x0, y0 = rng.uniform(0, 0.6), rng.uniform(0, 0.6)
    return x0, y0, min(x0 + rng.uniform(0.05, 0.6), 1.0), min(y0 + rng.uniform(0.05, 0.6), 1.0)


def random_scene(rng: random.Random) -> Scene:
    """A scene of the size that training data has."""

    def sentence(words: int) -> str:
        return " ".join(rng.choices(SENTENCE.split(), k=words)).capitalize() + "."

    elements = tuple(
        Element(
            rng.choice(NAMES),
            random_box(rng),
            sentence(rng.randint(6, 14)),
            tuple(rng.sample(["red", "blue", "wooden", "round"], rng.choice([0, 0, 1, 2]))),
            "MV TERN" if rng.random() < 0.2 else "",
        )
        for _ in range(rng.randint(3, 6))
    )
    groups = (Group("chair", tuple(random_box(rng) for _ in range(3))),) if rng.random() < 0.5 else ()
    relations = tuple(Relation(*rng.sample(range(len(elements)), 2), sentence(9)) for _ in range(rng.randint(0, 2)))
    return Scene(sentence(20), elements, groups, relations)


def plain_render(scene: Scene) -> str:
    """The same layout with f-strings."""

    def rounded(box: BoxFractions) -> list[float]:
        return [round(value, 2) for value in box]

    def area(box: list[float]) -> int:
        return round((box[2] - box[0]) * 100) * round((box[3] - box[1]) * 100)

    def around(boxes: list[list[float]]) -> list[float]:
        return [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]

    elements = [(rounded(element.box), element, index) for index, element in enumerate(scene.elements)]
    elements.sort(key=lambda e: (-area(e[0]), e[0], e[1].name, e[1].caption, e[1].attributes, e[1].text))
    groups = [(sorted(rounded(member) for member in group.members), group.name) for group in scene.groups]
    place = {index: new for new, (_, _, index) in enumerate(elements)}
    relations = sorted((place[r.a], place[r.b], r.caption) for r in scene.relations)
    code = (
        f"class Scene:\n    def __init__(self):\n        self.caption = {scene.caption!r}\n        self.elements = [\n"
    )
    for box, element, _ in elements:
        code += f"            Element(name={element.name!r}, box={box}"
        code += f", attributes={list(element.attributes)}" if element.attributes else ""
        code += f", caption={element.caption!r}" if element.caption else ""
        code += f", text={element.text!r}" if element.text else ""
        code += "),\n"
    code += "        ]"
    if groups:
        code += "\n        self.groups = [\n"
        for boxes, name in groups:
            box = around(boxes)
            code += f"            Group(name={name!r}, count={len(boxes)}, box={box}, members={boxes}),\n"
        code += "        ]"
    if relations:
        code += "\n        self.relations = [\n"
        for a, b, caption in relations:
            code += f"            Relation(a={a}, b={b}, caption={caption!r}),\n"
        code += "        ]"
    return code


def plain_parse(code: str) -> Scene:
    """`ast.parse` and a walk that takes what it finds."""

    def constant(node: Any) -> Any:
        return [constant(each) for each in node.elts] if isinstance(node, ast.List) else node.value

    def calls(name: str) -> list[dict[str, Any]]:
        items = values[name].elts if name in values else []
        return [{keyword.arg: constant(keyword.value) for keyword in call.keywords} for call in items]

    tree: Any = ast.parse(code)
    values = {statement.targets[0].attr: statement.value for statement in tree.body[0].body[0].body}
    return Scene(
        constant(values["caption"]),
        tuple(
            Element(e["name"], tuple(e["box"]), e.get("caption", ""), tuple(e.get("attributes", ())), e.get("text", ""))
            for e in calls("elements")
        ),
        tuple(Group(group["name"], tuple(map(tuple, group["members"]))) for group in calls("groups")),
        tuple(Relation(**relation) for relation in calls("relations")),
    )


def scenes_per_s(call: Callable[[Any], Any], inputs: list[Any]) -> float:
    """Best rate over some rounds."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        start = time.thread_time()
        for each in inputs:
            call(each)
        best_s = min(best_s, time.thread_time() - start)
    return len(inputs) / best_s


def peak_bytes(call: Callable[[], Any]) -> int:
    """Largest memory that the call holds at once."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def differences(scenes: list[Scene], codes: list[str], foreign: list[str]) -> list[str]:
    """Each way in which the sides do not say the same."""
    found: list[str] = []
    for index, (scene, code, other) in enumerate(zip(scenes, codes, foreign, strict=True)):
        expected = canonical(scene)
        if plain_render(scene) != code:
            found.append(f"scene {index}: the codes differ")
        if not expected == code_to_scene(code) == plain_parse(code) == code_to_scene(other):
            found.append(f"scene {index}: what is read back differs")
        if read_canonical(code, scale=1) is None or read_canonical(other, scale=1) is not None:
            found.append(f"scene {index}: the fast reader took what it must not, or not what it must")
    return found


def main() -> None:
    """Print the table, what does not agree, and the JSON line."""
    rng = random.Random(0)
    scenes = [random_scene(rng) for _ in range(SCENES)]
    codes = [scene_to_code(scene) for scene in scenes]
    foreign = [code.replace("'", '"') for code in codes]
    broken = differences(scenes, codes, foreign)
    rates = {
        "render": scenes_per_s(scene_to_code, scenes),
        "parse_fast": scenes_per_s(code_to_scene, codes),
        "parse_ast": scenes_per_s(code_to_scene, foreign),
        "both": scenes_per_s(lambda scene: code_to_scene(scene_to_code(scene)), scenes),
        "plain_render": scenes_per_s(plain_render, scenes),
        "plain_parse": scenes_per_s(plain_parse, codes),
        "plain_both": scenes_per_s(lambda scene: plain_parse(plain_render(scene)), scenes),
    }
    print(
        f"{SCENES} scenes of {sum(len(s.elements) for s in scenes) / SCENES:.1f} elements, {len(codes[0])} characters"
    )
    for name, rate in rates.items():
        print(f"{name:>14}: {rate:>9.0f} scenes/s")
    print("\n".join(broken[:10]) or "same codes and scenes on all sides")
    longest = max(codes, key=len)
    line = {
        "name": "code_roundtrip",
        "time_ratio": round(rates["both"] / rates["plain_both"], 2),
        "memory_ratio": round(peak_bytes(lambda: plain_parse(longest)) / peak_bytes(lambda: code_to_scene(longest)), 2),
        "agree": not broken,
        "scenes_per_s": round(rates["both"]),
        "render_per_s": round(rates["render"]),
        "parse_per_s": round(rates["parse_fast"]),
        "parse_ast_per_s": round(rates["parse_ast"]),
        "plain_per_s": round(rates["plain_both"]),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
