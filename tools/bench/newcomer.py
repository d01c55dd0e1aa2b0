"""The way of a newcomer, timed: a clone to the first picture, and own pictures to the first training rows.

    uv run python tools/bench/newcomer.py

Clones this repository as it was last committed, installs it (timed apart, since it hangs on the line and on uv's
cache), and runs `cvc demo --fast` until the first picture with something hidden lies in the run folder, and on to its
report. Then a folder of pictures, captions and COCO instances stands for the user's own, and the commands of
docs/guide-cvc.md lead from it to `export/llava.json`; drawn pictures and the tiny models, since no weights can be had
here: with a model of 7 billion weights the machine takes longer, the user does not.

What must be read and typed is counted: the words of the README's first two sections and of the guide's "Your images"
and "Your model", at 200 a minute, and the characters of the three commands, at 150 a minute. There is no reference to
compare with, so there are no ratios. `agree`: every command ended well and rows came out, in 3 minutes of machine time
to the first picture and 10 of reading and typing to the first rows. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS_PER_MINUTE, CHARACTERS_PER_MINUTE = 200, 150
OWN = ["--images", "photos/images", "--captions", "photos/captions.json", "--annotations", "photos/instances.json"]
DRAWN = ["--entities", "blank", "--lexicon", "lexicon.json", "--mlm", "tiny", "--segmenter", "box", "--limit", "20"]
DRAW = (
    "import json, pathlib, scene_world; scene_world.write_folder(pathlib.Path('photos'), 20, seed=5); "
    "pathlib.Path('lexicon.json').write_text(json.dumps(dict(scene_world.LEXICON)))"
)


def main() -> None:
    """Walk the way once and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "selfsight"
        seconds = {"clone": timed(Path(folder), "git", "clone", "--quiet", str(ROOT), str(clone))}
        seconds["install"] = timed(clone, "uv", "sync", "--quiet")
        seconds["first picture"], seconds["report"] = demo(clone)
        timed(clone, "uv", "run", "python", "-c", DRAW)
        seconds["own pictures, hidden"] = timed(clone, "uv", "run", "cvc", "question", *OWN, *DRAWN, "--out", "RUN")
        model = ["--model", "tiny", "--max-new-tokens", "40"]
        seconds["own rows"] = timed(clone, "uv", "run", "cvc", "export", *OWN, *DRAWN, *model, "--out", "RUN")
        rows = len(json.loads((clone / "RUN" / "export" / "llava.json").read_text(encoding="utf-8")))
        words, characters = to_read(clone), to_type(clone)
    minutes = words / WORDS_PER_MINUTE + characters / CHARACTERS_PER_MINUTE
    for step, took in seconds.items():
        print(f"{step:22} {took:6.1f} s")
    print(f"{rows} training rows; {words} words to read and {characters} characters to type: {minutes:.1f} min")
    agree = seconds["clone"] + seconds["first picture"] <= 180 and rows > 0 and minutes <= 10
    record = {"name": "newcomer", "time_ratio": None, "memory_ratio": None, "agree": agree, "training_rows": rows}
    print(json.dumps(record | {"seconds": seconds, "reading_and_typing_min": round(minutes, 1)}))


def timed(folder: Path, *command: str) -> float:
    """Run a command as a newcomer's shell would, and return its seconds."""
    start = time.monotonic()
    subprocess.run(command, cwd=folder, env=plain_environment(), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def demo(clone: Path) -> tuple[float, float]:
    """Seconds of `cvc demo --fast` until its first hidden picture, and until its report."""
    start = time.monotonic()
    command = ["uv", "run", "cvc", "demo", "--fast"]
    with subprocess.Popen(command, cwd=clone, env=plain_environment(), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not any((clone / "cvc-demo" / "occluded").rglob("*.png")):
            time.sleep(0.05)
        picture = time.monotonic() - start
    if process.returncode or not (clone / "cvc-demo" / "report.html").is_file():
        raise SystemExit(f"cvc demo ended with status {process.returncode}")
    return picture, time.monotonic() - start


def plain_environment() -> dict[str, str]:
    """Those variables that say nothing of this checkout."""
    ours = ("VIRTUAL_ENV", "PYTHON", "UV_PROJECT", "UV_NO_SYNC")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def to_read(clone: Path) -> int:
    """Words of what leads to the first rows."""
    parts = [("README.md", "Two commands"), ("README.md", "I have, I want")]
    parts += [("docs/guide-cvc.md", "Your images"), ("docs/guide-cvc.md", "Your model")]
    return sum(len(section(clone / name, title).split()) for name, title in parts)


def to_type(clone: Path) -> int:
    """Characters of the demo's command, and of the guide's first `cvc question` and its `cvc export`."""
    guide = (clone / "docs" / "guide-cvc.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [re.findall(rf"^uv run cvc {step} .*$", guide, re.MULTILINE)[0] for step in ("question", "export")]
    return sum(len(command) for command in ["pip install uv && uv run cvc demo --fast", *commands])


def section(path: Path, title: str) -> str:
    """Return what stands under a heading."""
    return path.read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


if __name__ == "__main__":
    main()
