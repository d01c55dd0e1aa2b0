"""The page and the headline of run folders that were written by hand, whole and unfinished, good and bad."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bench_eval import FileError, save_contrasts
from PIL import Image, ImageDraw
from shard_runner import Dropped, LedgerError, Row, Source, Stage, Step, Task, TaskContext, run
from svco.comparing import compare_margins
from svco.pair_pictures import GAP_PX, HEIGHT_PX, MAX_TEXT_CHARS, MAX_WIDTH_PX, pair_card, pair_picture
from svco.report import MAX_SHOWN, headline, make_report
from svco.settings import SvcoRunSettings

HOSTILE = "</script><script>window.owned = 1</script><img src=x onerror='window.owned = 1'>\"'&\0"
FIELDS = ("x_given_a", "x_given_b", "x_given_none", "y_given_b", "y_given_a", "y_given_none")
CHANGES = ["learned", "learned", "lost", "right both times", "wrong both times"]
RIGHT, WRONG = [-5.0, -9.0, -8.0, -5.0, -9.0, -8.0], [-9.0, -5.0, -8.0, -9.0, -5.0, -8.0]
LOGPS = {
    "learned": (WRONG, RIGHT),
    "lost": (RIGHT, WRONG),
    "right both times": (RIGHT, RIGHT),
    "wrong both times": (WRONG, WRONG),
}


def draw_pair(folder: Path, number: int) -> None:
    """Two landscapes that differ in the colour of one square."""
    for side, colour in (("a", (220, 60, 40)), ("b", (40, 80, 220))):
        image = Image.new("RGB", (96 if number % 2 else 480, 96 if number % 2 else 320), (120, 170, 110))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, image.width, image.height // 2), fill=(190, 215, 240))
        draw.rectangle((30 + number, 40, 59 + number, 69), fill=colour)
        image.save(folder / f"{number}-{side}.png")


def pair_rows(count: int = 12, **changes: Any) -> list[Row]:
    return [
        {
            "id": f"colour-{number}",
            "question": "What colour is the square?",
            "image_a": f"{number}-a.png",
            "image_b": f"{number}-b.png",
            "text_x": f"Square {number} is red.",
            "text_y": f"Square {number} is blue.",
            "system": "",
            "category": ["colour", "count", ""][number % 3],
            "part": "",
        }
        | changes
        for number in range(count)
    ]


def checked(row: Row) -> Any:
    number = int(row["id"].split("-")[1])
    if number == 11:
        return Dropped("same_image", "nothing differs")
    size = 96 * 96 if number % 2 else 480 * 320
    return [row | {"changed_share": 900 / size, "box_changed": [30 + number, 40, 60 + number, 70]}]


def margins(name: str, side: int) -> Stage:
    def measured(row: Row) -> list[Row]:
        if row["part"] != "validation":
            return []
        logps = LOGPS[CHANGES[int(row["id"].split("-")[1])]][side]
        return [{key: row[key] for key in ("id", "category", "question", "text_x", "text_y")} | {"logps": logps}]

    return stage(f"margins-{name}", measured, inputs=("reference",))


def stage(name: str, work: Any, **options: Any) -> Stage:
    return Stage(name=name, make=lambda: lambda rows: [work(row) for row in rows], **options)


def history(steps: int = 40) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    for step in range(1, steps + 1):
        grown = 4 * step / steps
        metrics = {
            f"{term}/margin": grown + 0.3 * (step % 3) for term in ("attend_a", "reject_b", "attend_b", "reject_a")
        }
        metrics |= {name.replace("margin", "accuracy"): 0.5 + grown / 8 for name in metrics}
        metrics |= {f"{field}/reward": grown - 3 * FIELDS.index(field) / 4 for field in FIELDS}
        found.append({"step": step, "loss": 2.77 - grown / 3, **metrics})
        if step % 10 == 0:
            kept = {f"eval_{name}": value for name, value in metrics.items()}
            found.append({"step": step, "eval_loss": 2.8 - grown / 4, **kept})
    return [*found, {"step": steps, "train_runtime": 3.0, "train_loss": 2.0}]


def train(ctx: TaskContext) -> None:
    (ctx.folder / "history.json").write_text(json.dumps(history()), encoding="utf-8")


def evaluate(ctx: TaskContext) -> None:
    sides = {name: list(ctx.read_rows(f"margins-{name}")) for name in ("before", "after", "sft")}
    found = {name: compare_margins(sides[name], sides["after"], seed=0) for name in ("before", "sft")}
    save_contrasts(found, ctx.folder)


def pipeline(rows: list[Row]) -> list[Step]:
    return [
        Source(name="pairs", rows=lambda: rows),
        stage("check", checked),
        stage(
            "filter",
            lambda row: (
                [row | {"semantic": 0.82, "visual": 0.41}] if row["id"] != "colour-10" else Dropped("too_alike")
            ),
        ),
        stage("split", lambda row: [row | {"part": "validation" if int(row["id"].split("-")[1]) < 5 else "train"}]),
        stage("reference", lambda row: [row | {"reference": None}]),
        Task(name="train", run=train, inputs=("reference",)),
        margins("before", 0),
        margins("after", 1),
        margins("sft", 0),
        Task(name="eval", run=evaluate, inputs=("margins-before", "margins-after", "margins-sft")),
    ]


def settings_of(world: Path) -> SvcoRunSettings:
    return SvcoRunSettings(data=world / "mvc.json", model="some/model", controls=["sft"])


def run_all(folder: Path, rows: list[Row], only: list[str] | None = None) -> None:
    run(pipeline(rows), folder, seed=0, only=only, progress=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    for number in range(12):
        draw_pair(folder, number)
    return folder


@pytest.fixture(scope="module")
def finished(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run_all(folder, pair_rows())
    make_report(settings_of(world), folder)
    return folder


@pytest.fixture(scope="module")
def page(finished: Path) -> str:
    return (finished / "report.html").read_text(encoding="utf-8")


def titles(page: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", page)


def test_a_finished_run_has_every_section_in_order(page: str) -> None:
    assert titles(page) == [
        "At a glance",
        "Before and after",
        "The method against sft",
        *(f"{name}, {where}" for name in ("Margins", "Rewards of the texts", "Loss", "Accuracies") for where in PARTS),
        "Pairs by category",
        "How much of a pair differs",
        "Held-out pairs",
        "Pairs to learn from",
        "What became of every row",
        "Settings",
    ]


PARTS = ("training", "validation pairs")


def facts(page: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd class=\"figure\">(.*?)</dd>\s*<dd class=\"fact-note\">(.*?)</dd>", page)
    return {name: (value, note) for name, value, note in found}


def test_key_facts_count_pairs_refusals_and_the_first_line_of_the_comparison(page: str) -> None:
    assert facts(page) == {
        "pairs": ("12", "read"),
        "trained on": ("5", "pairs"),
        "validation": ("5", "pairs"),
        "refused": ("2", "1 same_image, 1 too_alike"),
        # five pairs of large images with 0.59 %, five of small ones with 9.77 %
        "median changed share": ("5.2 %", "of the pixels of a pair"),
        "held-out pairs, text for image": ("40.0 → 60.0 %", "5 compared"),
    }


def test_curves_hold_the_metrics_of_the_history_by_step(page: str) -> None:
    drawn = [json.loads(text) for text in re.findall(r'class="curve-data">(.*?)</script>', page)]
    assert len(drawn) == 8
    margins, checked_margins, rewards = drawn[0]["lines"], drawn[1]["lines"], drawn[2]["lines"]
    assert [line["name"] for line in margins] == ["attend_a", "reject_b", "attend_b", "reject_a"]
    assert margins[0]["x"] == list(range(1, 41))
    assert checked_margins[0]["x"] == [10, 20, 30, 40]
    own_x, own_y = rewards[0], rewards[3]
    assert (own_x["name"], own_x["y"][-1]) == ("text x, own image", 4.0)
    assert (own_y["name"], own_y["y"][-1]) == ("text y, own image", 1.75)
    assert [line["name"] for line in drawn[5]["lines"]] == ["loss"]
    assert drawn[5]["lines"][0]["y"][-1] == 1.8


def test_held_out_cards_say_what_training_did(page: str) -> None:
    cards = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert len(cards) == 10
    for number, change in enumerate(CHANGES):
        tags = re.findall(r'<span class="tag">(.*?)</span>', cards[number])
        assert tags[-2:] == [f"text for image: {change}", f"image for text: {change}"]
        assert f"left: Square {number} is red. / right: Square {number} is blue." in cards[number]
    assert "text for image" not in cards[5]
    assert "left −4.0 → +4.0, right −4.0 → +4.0 nats" in cards[0]
    assert "0.6 % of the pixels differ. Alike by 0.82 in meaning, 0.41 in looks." in cards[0]


def test_categories_and_controls_are_named(page: str) -> None:
    assert re.search(r"<td[^>]*>\(none\)</td>|<th[^>]*>\(none\)</th>", page)
    assert "sft %" in page
    assert "svco %" in page
    assert "Same pairs, same number of steps" in page


def test_the_headline_compares_with_before_and_with_each_control(finished: Path) -> None:
    first, second = headline(finished).split("\n\n")
    assert first.splitlines()[0].split()[:4] == ["held-out", "n", "before", "after"]
    assert first.splitlines()[1].split()[:8] == ["held-out", "pairs,", "text", "for", "image", "5", "40.0", "60.0"]
    assert second.splitlines()[0] == "svco against sft (before: sft, after: svco)"
    assert len(second.splitlines()) == 5


def test_the_headline_of_an_unfinished_run_says_so(tmp_path: Path) -> None:
    assert headline(tmp_path) == "Nothing is compared yet: run the whole pipeline."
    save_contrasts({"before": []}, tmp_path / "eval")
    assert headline(tmp_path).startswith("Nothing could be compared: there are no validation pairs")


def test_controls_that_are_none_never_become_paths(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished / "eval", tmp_path / "eval")
    shutil.copy(tmp_path / "eval" / "against-sft.json", tmp_path / "other.json")
    (tmp_path / "eval" / "ways.json").write_text('["before", "../../other"]', encoding="utf-8")
    with pytest.raises(FileError, match="must list names of models"):
        headline(tmp_path)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("pairs", ["At a glance", "What became of every row", "Settings"]),
        ("check", ["At a glance", "Pairs by category", "How much of a pair differs", "Pairs to learn from"]),
        ("split", ["At a glance", "Pairs by category", "How much of a pair differs", "Held-out pairs"]),
        ("train", ["At a glance", "Margins, training", "Margins, validation pairs", "Rewards of the texts, training"]),
    ],
)
def test_a_page_of_an_unfinished_run_leaves_out_what_is_missing(
    world: Path, tmp_path: Path, last: str, expected: list[str]
) -> None:
    run_all(tmp_path, pair_rows(), only=[last])
    page = make_report(settings_of(world), tmp_path).read_text(encoding="utf-8")
    assert titles(page)[: len(expected)] == expected
    assert "text for image" not in page
    assert ("trained on" in facts(page)) == (last == "train")
    assert titles(page)[-2:] == ["What became of every row", "Settings"]


def test_a_folder_without_a_run_is_refused(world: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="holds no run"):
        make_report(settings_of(world), tmp_path)


def test_hostile_text_is_escaped(world: Path, tmp_path: Path) -> None:
    hostile = {"question": HOSTILE, "text_x": HOSTILE, "text_y": HOSTILE, "category": HOSTILE}
    run_all(tmp_path, pair_rows(6, **hostile))
    page = make_report(settings_of(world), tmp_path).read_text(encoding="utf-8")
    assert "<script>window" not in page
    assert "<img src=x" not in page
    assert "\0" not in page
    assert "&lt;script&gt;window.owned" in page


def test_bad_images_cost_their_own_tile_alone(world: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes((world / "1-a.png").read_bytes()[:60])
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(secret)
    rows = pair_rows(10)
    rows[0] |= {"image_a": "gone.png"}
    rows[1] |= {"image_b": str(secret)}
    rows[2] |= {"image_a": "bad\0name.png", "image_b": "gone.png"}
    run_all(tmp_path / "run", rows)
    page = make_report(settings_of(world), tmp_path / "run").read_text(encoding="utf-8")
    assert page.count("<article") == 10
    assert page.count("data:image/") == 10
    assert "left image: missing." in page
    assert "right image: outside_root." in page
    assert "left image: missing. right image: missing." in page


def test_a_page_shows_pairs_from_all_over_a_large_file(world: Path, tmp_path: Path) -> None:
    rows = [row | {"image_a": "gone.png", "image_b": "gone.png"} for row in pair_rows(10)]
    many = [row | {"id": f"colour-{number % 10}-{number}"} for number in range(300) for row in [rows[number % 10]]]
    run_all(tmp_path, many, only=["check"])
    page = make_report(settings_of(world), tmp_path).read_text(encoding="utf-8")
    assert page.count('"id": "colour-') == MAX_SHOWN
    assert f"{MAX_SHOWN} of 300." in page
    assert "colour-7-297" in page


def test_both_pictures_stand_at_one_height_with_a_gap(tmp_path: Path) -> None:
    Image.new("RGB", (100, 400), (200, 0, 0)).save(tmp_path / "a.png")
    Image.new("RGB", (400, 800), (0, 0, 200)).save(tmp_path / "b.png")
    image, problems = pair_picture("a.png", "b.png", root=tmp_path)
    assert problems == ()
    assert image.size == (HEIGHT_PX // 4 + GAP_PX + HEIGHT_PX // 2, HEIGHT_PX)
    assert image.getpixel((10, 100)) == (200, 0, 0)
    assert image.getpixel((HEIGHT_PX // 4 + 2, 100)) == (255, 255, 255)
    assert image.getpixel((image.width - 10, 100)) == (0, 0, 200)


def test_small_pictures_are_enlarged_by_a_whole_number(tmp_path: Path) -> None:
    for name, colour in (("a.png", (200, 0, 0)), ("b.png", (0, 0, 200))):
        Image.new("RGB", (50, 60), colour).save(tmp_path / name)
    assert pair_picture("a.png", "b.png", root=tmp_path).image.size == (150 + GAP_PX + 150, 180)


def test_a_picture_that_is_all_width_stays_bounded(tmp_path: Path) -> None:
    Image.new("RGB", (20_000, 3)).save(tmp_path / "a.png")
    Image.new("RGB", (400, 400)).save(tmp_path / "b.png")
    assert pair_picture("a.png", "b.png", root=tmp_path).image.size == (MAX_WIDTH_PX + GAP_PX + HEIGHT_PX, HEIGHT_PX)


def test_the_frame_lies_around_the_box_in_both_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (440, 440)).save(tmp_path / "a.png")
    Image.new("RGB", (220, 220)).save(tmp_path / "b.png")
    image, _ = pair_picture("a.png", "b.png", root=tmp_path, box_xyxy_px=[200, 100, 240, 140])
    for offset in (0, HEIGHT_PX + GAP_PX):
        # a box of 100 to 120 and 50 to 70 at half size; four pixels of frame on each side
        tile = image.crop((offset, 0, offset + HEIGHT_PX, HEIGHT_PX))
        assert tile.getbbox() == (96, 46, 124, 74)
        assert tile.crop((100, 50, 120, 70)).getbbox() is None


@pytest.mark.parametrize("box", [[], None, [0, 0, 440, 440], [439, 439, 440, 440], [300, 300, 100, 100]])
def test_any_box_can_be_drawn(tmp_path: Path, box: list[float] | None) -> None:
    Image.new("RGB", (440, 440)).save(tmp_path / "a.png")
    assert pair_picture("a.png", "a.png", root=tmp_path, box_xyxy_px=box).image.height == HEIGHT_PX


def test_a_long_text_is_cut_and_says_so(tmp_path: Path) -> None:
    row = pair_rows(1)[0] | {"text_x": "x" * (MAX_TEXT_CHARS + 7)}
    assert "xxx … (7 more characters) / right: Square 0 is blue." in pair_card(row, root=tmp_path).truth


FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --window-size=1180,1400"


@contextmanager
def opened_browser(browser_path: str, driver_path: str, profile: Path) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser_path
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_the_page_works_in_a_browser(finished: Path, tmp_path: Path) -> None:
    browser_path, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if browser_path is None or driver_path is None:
        pytest.skip("Chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)")
    with opened_browser(browser_path, driver_path, tmp_path) as browser:
        browser.get((finished / "report.html").as_uri())
        shown = "return [...document.querySelectorAll('.card')].filter((card) => card.offsetHeight).length"
        assert browser.execute_script(shown) == 10
        button = (
            "[...document.querySelectorAll('button')].find((b) => b.textContent.startsWith('text for image: learned'))"
        )
        browser.execute_script(f"{button}.click()")
        assert browser.execute_script(shown) == 2 + 5
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        # pictures out of sight are loaded late
        decoded = "(image) => { image.loading = 'eager'; return image.decode().then(() => image.naturalWidth); }"
        sizes = browser.execute_script(f"return Promise.all([...document.images].map({decoded}))")
        assert len(sizes) == 2 + 5
        assert set(sizes) == {2 * 330 + GAP_PX, 2 * 192 + GAP_PX}
        assert browser.get_log("browser") == []
