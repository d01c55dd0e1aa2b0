"""Reading hostile text: `code_caption.code_to_scene` and `salvage_code` on damaged code, raw text and decoded bytes.

    uv run python tools/fuzz_code_caption.py --minutes 10

For every input: only a scene or a `CodeError` of one short line may come out, no warning may leak, what is read must
survive being written and read again, both readers must say the same, and an audit hook must see nothing but `ast.parse`
at work: no exec, import, open, subprocess, and no compile of any other kind. The last line is one JSON object; the exit
status is 1 if a law was broken.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from code_caption.code.canonical_form import canonical
from code_caption.code.canonical_reader import read_canonical
from code_caption.code.parsing import _read, code_to_scene, unfenced  # pyright: ignore[reportPrivateUsage]
from code_caption.code.rendering import scene_to_code
from code_caption.code.salvaging import salvage_code
from code_caption.errors import CodeError
from code_caption.scene import Element, Group, Relation, Scene

LONGEST_S = 2.0
WORDS = [
    "deck",
    "lifebuoy",
    "chair",
    "it's",
    '"quoted"',
    "back\\slash",
    "Ünï",
    "木",
    "🦆",
    "\u200b",
    "\x00",
    "\n",
    "\ud800",
    "```",
]
SNIPPETS = [
    "__import__('os').system('true')", "f'{1}'", "rf'{x!r}'", "t'{1}'", "b'x'", "u'x'", "(lambda: 0)()", "1 + 1", "-1",
    "-" * 500, "~" * 500, "not " * 500, "(" * 500, "[" * 500, "{" * 500, "[" * 9, "]" * 9, "a." * 500 + "a",
    "()" * 500, "[0]" * 500, "1if 1else " * 200 + "1", "0x1e+" * 300 + "1", "1 or " * 300 + "1", "'a' " * 500, "1e999",
    "9" * 5000, "0x" + "f" * 5000, "1_0", "1j", "nan", "None", "True", "...", "*[1]", "**{}", "a := 1", "\\", "\\\n",
    "'''", '"""', "'", '"', "'\\d'", "'\\N{BULLET}'", "'\\N{x'", "'\\x'", "'\\777'", "#", ";", ":", "\t", "\x0c", "\r",
    "\x00", "\ufeff", "\ud800", "é", "ｎame", "١", "import os", "@x", "class Scene:", "def f(): pass", "pass", "self",
    "self.caption = ", "self.elements = [", "Element(", "Group(", "Relation(", "),", "],", "```", "```python\n", "\n",
    "    ", "        ", "# -*- coding: utf-7 -*-", "0" * 400, "''" * 400,
    "type X = 1", "match x:", "print x", "x: int = 1",
]  # fmt: skip
# The hook itself asks for its caller's frame and the frame's code; without this it would call itself.
ALLOWED = frozenset({"sys._getframe", "object.__getattr__"})
EXPECTED = {"scene", "scene, fast reader", "truncated, part kept", "syntax, part kept", "box, part kept", "no_scene"}


@dataclass
class Watch:
    """What Python's audit events tell while the switch is on."""

    is_on: bool = False
    seen: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, event: str, details: tuple[Any, ...]) -> None:
        """Count an event, unless it is `ast.parse` asking for a tree."""
        if not self.is_on or event in ALLOWED:
            return
        caller = sys._getframe(1)
        if event == "compile" and caller.f_code is ast.parse.__code__:
            return
        self.seen[event] += 1


def random_box(rng: random.Random) -> tuple[float, float, float, float]:
    """A box, at times very narrow."""
    x0, y0 = rng.random() * 0.99, rng.random() * 0.99
    width, height = (rng.choice([0.001, 0.05, 0.3, 1]) * rng.uniform(0.1, 1) for _ in range(2))
    return x0, y0, min(x0 + width, 1.0), min(y0 + height, 1.0)


def random_text(rng: random.Random, most: int = 5) -> str:
    """Some words, at times with what needs a backslash."""
    return " ".join(rng.choice(WORDS[: 3 if rng.random() < 0.6 else None]) for _ in range(rng.randint(1, most)))


def random_scene(rng: random.Random) -> Scene:
    """Up to four elements, two groups and three relations."""
    elements = tuple(
        Element(
            "x" + random_text(rng, 2),
            random_box(rng),
            random_text(rng) if rng.random() < 0.7 else "",
            tuple(random_text(rng, 1) for _ in range(rng.choice([0, 0, 1, 2]))),
            random_text(rng) if rng.random() < 0.2 else "",
        )
        for _ in range(rng.randint(0, 4))
    )
    groups = tuple(Group("chair", tuple(random_box(rng) for _ in range(3))) for _ in range(rng.choice([0, 0, 1, 2])))
    things = len(elements) + len(groups)
    pairs = [rng.sample(range(things), 2) for _ in range(rng.randint(0, 3))] if things > 1 else []
    relations = tuple(Relation(a, b, "x" + random_text(rng)) for a, b in pairs)
    return Scene(random_text(rng) if rng.random() < 0.8 else "", elements, groups, relations)


def damaged(rng: random.Random, code: str, other: str) -> str:
    """The code after one random change."""
    start = rng.randrange(len(code) + 1)
    end = min(start + rng.choice([0, 1, 1, 2, 5, 20, 100]), len(code))
    changes: list[Callable[[], str]] = [
        lambda: code[:start],
        lambda: code[start:],
        lambda: code[:start] + code[end:],
        lambda: code[:end] + code[start:],
        lambda: code[:start] + rng.choice(SNIPPETS) + code[end:],
        lambda: code[:start] + rng.choice(SNIPPETS) + code[start:],
        lambda: code[:start] + chr(rng.choice([rng.randrange(128), rng.randrange(0x110000)])) + code[end:],
        lambda: code[:start] + other[rng.randrange(len(other) + 1) :],
        lambda: code.replace(rng.choice(list("[](),'=:. \n0")), rng.choice(list("[](),'\"=:. \n0-")), 1),
        lambda: "\n".join(rng.sample(lines := code.split("\n"), len(lines))),
        lambda: code.replace("'", '"'),
        lambda: code.replace(", ", rng.choice([",", ",\n  ", " , \\\n", ", # x\n"])),
        lambda: f"```python\n{code}\n```",
        lambda: code.replace("\n", rng.choice(["\r\n", "\r", "\n\n"])),
    ]
    return rng.choice(changes)()


def random_input(rng: random.Random) -> tuple[str, int]:
    """Text to read, and its scale."""
    scale = rng.choice([1, 1, 1000])
    kind = rng.random()
    if kind < 0.05:
        return "".join(rng.choice(SNIPPETS) for _ in range(rng.randint(1, 30))), scale
    if kind < 0.08:
        return rng.randbytes(rng.randint(0, 300)).decode(rng.choice(["latin-1", "utf-8"]), "surrogateescape"), scale
    if kind < 0.10:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 100))), scale
    if kind < 0.101:
        return "class Scene:\n def __init__(self):\n  self.caption = " + rng.choice(SNIPPETS) * 3000, scale
    code, other = (scene_to_code(random_scene(rng), digits=rng.randint(1, 4), scale=scale) for _ in range(2))
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 6])):
        code = damaged(rng, code, other)
    return code, scale


def read(watch: Watch, reader: Callable[[], Any]) -> Any:
    """What the reader gives, or its `CodeError`; everything else it raises is a broken law."""
    watch.is_on = True
    try:
        return reader()
    except CodeError as error:
        return error
    finally:
        watch.is_on = False


def require_laws(watch: Watch, text: str, scale: int) -> str:
    """Check one input; return the outcome to count by."""
    outcome = read(watch, lambda: code_to_scene(text, scale=scale))
    salvage = read(watch, lambda: salvage_code(text, scale=scale))
    assert not watch.seen, f"audit events {dict(watch.seen)}"
    for error in (outcome, salvage):
        message = str(error) if isinstance(error, CodeError) else ""
        assert len(message) < 600, f"message {message[:900]!r}"
        assert len(message.splitlines()) <= 1, f"message {message!r}"
    if isinstance(outcome, CodeError):
        is_kept = not isinstance(salvage, CodeError)
        assert not is_kept or (not salvage.is_whole and salvage.reason == outcome.reason), "salvage of bad code"
        for each in [salvage.scene] if is_kept else []:
            assert code_to_scene(scene_to_code(each, scale=scale), scale=scale) == canonical(each, scale=scale)
        return outcome.reason + (", part kept" if is_kept else "")
    assert salvage.is_whole, "salvage of a whole scene is none"
    assert salvage.scene == outcome, "salvage of a whole scene is another"
    assert code_to_scene(scene_to_code(outcome, scale=scale), scale=scale) == canonical(outcome, scale=scale)
    code = unfenced(text)
    fast = read_canonical(code, scale=scale)
    assert fast is None or fast == _read(code, scale), "the readers disagree"
    return "scene" if fast is None else "scene, fast reader"


def main() -> None:
    """Read until the time is over; print what came out."""
    parser = argparse.ArgumentParser(description="Read hostile text for some minutes.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    watch, rng = Watch(), random.Random(options.seed)
    sys.addaudithook(watch)
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    slowest_s, end = 0.0, time.monotonic() + options.minutes * 60
    while time.monotonic() < end and len(broken) < 10:
        text, scale = random_input(rng)
        start = time.thread_time()
        try:
            outcomes[require_laws(watch, text, scale)] += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            broken.append(f"{text[:3000]!r}\n{''.join(traceback.format_exception(error))}")
            watch.seen.clear()
        spent_s = time.thread_time() - start
        slowest_s = max(slowest_s, spent_s)
        if spent_s > LONGEST_S:
            broken.append(f"{text[:300]!r} took {spent_s:.1f} s")
    # A hook or a generator that is broken itself would see to it that little comes out.
    missing = EXPECTED - set(outcomes) if outcomes.total() > 2000 else set[str]()
    broken += [f"nothing came out as {name!r}" for name in sorted(missing)]
    for reason, count in outcomes.most_common():
        print(f"{count:>9} {reason}")
    print("\n".join(broken) or "every law holds")
    line = {
        "name": "fuzz_code_caption",
        "inputs": outcomes.total(),
        "scenes": sum(count for reason, count in outcomes.items() if reason.startswith("scene")),
        "broken": len(broken),
        "slowest_ms": round(slowest_s * 1e3),
        "seed": options.seed,
        "minutes": options.minutes,
    }
    print(json.dumps(line))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
