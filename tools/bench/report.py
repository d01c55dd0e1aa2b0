"""A report with a gallery of 10,000 rows in Chromium: `run_report` against the plain page with every row in the DOM.

    uv run python tools/bench/report.py [--rows 10000]

Both pages hold the same cards (a picture of 96 px, question, answer, caption, 8 trials), the same style and the same
filter buttons and search, and are opened from a file by a fresh headless Chromium. The plain page is what a template
loop gives: every card stands in the document, and a filter hides those that do not fit.

`load_ms` is from the start of the navigation to the end of the `load` event, `first_paint_ms` to the first content on
the screen. `filter_ms` is the median of three presses of filter buttons, each from the click until the new layout is
done; `search_ms` the same for two searches after 3 s of rest, without the pause of 100 ms in which a reader still
types. `memory_mib` is what the page's own process holds (proportional set size), after all that. Times are wall time.
`agree`: the numbers of matches of every filter and search are equal, and so are the first matches by name.

Linux alone, as memory is read from /proc. The last line is one JSON object; the ratios are plain / ours.
"""

from __future__ import annotations

import argparse
import html
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from run_report import Gallery, GalleryItem, ShownTrial, write_report
from run_report.assets import load_assets
from run_report.cards import item_to_card
from run_report.filters import facets

KINDS = ("penguin", "duck", "train", "boat", "tractor", "cactus", "lighthouse")
FILTERS = ("never right", "duck", "often right")
SEARCHES = ("scene-77", "lighthouse pond")


def make_items(count: int) -> Iterator[GalleryItem]:
    """Rows as an app shows them."""
    stream = random.Random(7)
    for index in range(count):
        kind, chance = stream.choice(KINDS), stream.choice((0.0, 0.15, 0.5, 1.0))
        answers = [kind if stream.random() < chance else stream.choice(KINDS[:3]) for _ in range(8)]
        yield GalleryItem(
            id=f"scene-{index}",
            image=picture(stream),
            question="Gray blocks hide an object in this image. What is it? Explain what is around the blocks.",
            truth=kind,
            caption=f"a {kind} next to a pond on grass",
            trials=[
                ShownTrial(text=f"The blocks are above a pond on grass, so it is a {a}.", answer=a, verdict=a == kind)
                for a in answers
            ],
            tags=[kind],
        )


def picture(stream: random.Random) -> Image.Image:
    """A scene of 96 x 96 pixels with gray squares on it."""
    image = Image.new("RGB", (96, 96), (stream.randrange(150, 210), 222, 235))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = stream.randrange(88), stream.randrange(88)
        draw.rectangle((x, y, x + 8, y + 8), fill=(stream.randrange(255), 116, 103))
    return image


PLAIN_SCRIPT = """
const cards = [...document.querySelectorAll('.card')];
const keys = new Map(cards.map((card) => [card, new Set(JSON.parse(card.dataset.facets))]));
const texts = new Map();
const textOf = (card) => texts.get(card) ?? (texts.set(card, card.textContent.toLowerCase()), texts.get(card));
let key = '';
const field = document.querySelector('input[type=search]');
const apply = () => {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const card of cards) {
    card.hidden = !((!key || keys.get(card).has(key)) && words.every((word) => textOf(card).includes(word)));
    shown += card.hidden ? 0 : 1;
  }
  document.querySelector('.shown').textContent = `${shown} of ${cards.length}`;
};
for (const button of document.querySelectorAll('.filters button'))
  button.addEventListener('click', () => { key = button.dataset.key; apply(); });
field.addEventListener('input', apply);
"""


def write_plain(path: Path, items: Sequence[GalleryItem], buttons: Sequence[tuple[str, str]]) -> Path:
    """Every card as HTML in one loop."""
    shown = "".join(f'<button data-key="{html.escape(key)}">{html.escape(label)}</button>' for key, label in buttons)
    with path.open("w", encoding="utf-8") as file:
        file.write(f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{load_assets().style}</style>')
        file.write(f'<div class="filters">{shown}</div><input type="search"><output class="shown"></output>')
        file.write('<div class="cards">')
        file.writelines(map(plain_card, items))
        file.write(f"</div><script>{PLAIN_SCRIPT}</script>")
    return path


def plain_card(item: GalleryItem) -> str:
    """One card of the plain page."""
    card, keys = item_to_card(item, max_side_px=360), html.escape(json.dumps(facets(item, 0.25)))
    trials = "".join(
        f'<li class="{one.state}"><p class="trial-head"><span class="mark"></span>'
        f'<span class="state">{one.state}</span> <b>{html.escape(one.answer)}</b></p>'
        f'<p class="trial-text">{html.escape(one.text)}</p></li>'
        for one in card.trials
    )
    strip = "".join(f'<i class="{one.state}"></i>' for one in card.trials)
    return (
        f'<article class="card" data-facets="{keys}"><button class="picture small"><img src="{card.picture.url}" '
        f'width="96" height="96" alt="" loading="lazy"></button><div class="words"><h3 class="item-id">{card.id}</h3>'
        f'<p class="truth">true answer <b>{html.escape(card.truth)}</b></p><p>{html.escape(card.question)}</p>'
        f'<p class="caption">{html.escape(card.caption)}</p><details><summary><span class="strip">{strip}</span> '
        f'<span class="rate">{card.rate}</span></summary><ol class="trials">{trials}</ol></details>'
        f'<ul class="tags"><li><span class="tag">{html.escape(item.tags[0])}</span></li></ul></div></article>\n'
    )


MEASURE = """
const [filters, searches, done] = arguments;
const layout = () => document.documentElement.getBoundingClientRect().height;
const timed = (call) => { const start = performance.now(); call(); layout(); return performance.now() - start; };
const count = () => document.querySelector('.shown').textContent.split(' of ')[0].replace(/\\D/g, '');
const first = () => {
  const shown = [...document.querySelectorAll('.cards .card:not([hidden]) .item-id')].slice(0, 5);
  return shown.map((name) => name.textContent);
};
const buttons = [...document.querySelectorAll('.filters button')];
const found = [], filterTimes = [], searchTimes = [];
const press = (label) => {
  // A choice stays in its group: go back to all rows after it, which is laid out with the next one.
  const button = buttons.find((one) => one.textContent.startsWith(label));
  filterTimes.push(timed(() => button.click()));
  found.push([label, count(), first()]);
  const group = button.closest('.filters');
  (group.querySelector('[data-key=""]') ?? button).click();
};
const field = document.querySelector('input[type=search]');
const look = async (words) => {
  field.value = words;
  const before = performance.now();
  field.dispatchEvent(new Event('input', {bubbles: true}));
  const pause = document.querySelector('.gallery-box') ? 100 : 0;
  await new Promise((resolve) => setTimeout(resolve, pause));
  layout();
  searchTimes.push(performance.now() - before - pause);
  found.push([words, count(), first()]);
};
(async () => {
  filters.forEach(press);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  for (const words of searches) await look(words);
  done({found, filterTimes, searchTimes});
})();
"""


def measure(path: Path) -> dict[str, Any]:
    """Open a page in a fresh Chromium and use it."""
    driver = start_chromium()
    try:
        driver.get(path.as_uri())
        timing = driver.execute_script(
            "const [page] = performance.getEntriesByType('navigation');"
            "const [paint] = performance.getEntriesByName('first-contentful-paint');"
            "return [page.loadEventEnd, paint ? paint.startTime : null, document.querySelectorAll('*').length];"
        )
        used = driver.execute_async_script(MEASURE, FILTERS, SEARCHES)
        memory = renderer_mib(driver.service.process.pid)
    finally:
        driver.quit()
    return {
        "load_ms": round(timing[0]),
        "first_paint_ms": None if timing[1] is None else round(timing[1]),
        "elements": timing[2],
        "filter_ms": round(statistics.median(used["filterTimes"]), 1),
        "filter_worst_ms": round(max(used["filterTimes"]), 1),
        "search_ms": round(statistics.median(used["searchTimes"]), 1),
        "memory_mib": round(memory),
        "found": used["found"],
    }


def start_chromium() -> Any:
    """Headless, without anything that calls home."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if browser is None or driver is None:
        raise SystemExit("Chromium and chromedriver are needed (Debian: apt-get install chromium chromium-driver).")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.command_executor.client_config.timeout = 600  # the plain page takes minutes on a busy machine
    started.set_script_timeout(500)
    return started


def renderer_mib(driver_pid: int) -> float:
    """Memory of the page's process, the largest of the browser's renderers."""
    found: list[float] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (process / "cmdline").read_bytes() and driver_pid in ancestors(int(process.name)):
                rollup = (process / "smaps_rollup").read_text()
                found.append(int(rollup.split("\nPss:")[1].split()[0]) / 1024)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return max(found)


def ancestors(pid: int) -> Iterator[int]:
    """A process and those that started it."""
    while pid > 1:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def main() -> None:
    """Write both pages, use both, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    items = list(make_items(rows))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        ours = write_report(Path(folder, "ours.html"), title="Report", sections=[Gallery(items)])
        write_s = time.perf_counter() - start
        buttons = [("", "all")] + [
            (key, label)
            for key, label in (
                *((f"tag:{kind}", kind) for kind in KINDS),
                ("band:none", "never right"),
                ("band:hard", "rarely right"),
                ("band:often", "often right"),
                ("band:all", "always right"),
            )
        ]
        plain = write_plain(Path(folder, "plain.html"), items, buttons)
        sizes = [path.stat().st_size / 2**20 for path in (ours, plain)]
        results = {"ours": measure(ours), "plain": measure(plain)}
    for name, result in results.items():
        print(name, {key: value for key, value in result.items() if key != "found"})
    ours_found, plain_found = (results[name].pop("found") for name in ("ours", "plain"))
    times = ("load_ms", "filter_ms", "search_ms")
    ratio = {key: round(results["plain"][key] / results["ours"][key], 1) for key in times}
    print(
        json.dumps(
            {
                "name": "report",
                "time_ratio": ratio["load_ms"],
                "time_ratio_filter": ratio["filter_ms"],
                "time_ratio_search": ratio["search_ms"],
                "memory_ratio": round(results["plain"]["memory_mib"] / results["ours"]["memory_mib"], 2),
                "agree": ours_found == plain_found,
                "rows": rows,
                "write_s": round(write_s, 1),
                "file_mib": [round(size, 1) for size in sizes],
                **{f"{key}_{side}": value for side, result in results.items() for key, value in result.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
