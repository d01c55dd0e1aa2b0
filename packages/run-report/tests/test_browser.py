"""The page in a real browser: nothing is loaded, nothing is logged, hostile text never runs, something is drawn."""

import io
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from run_report import (
    Curve,
    Curves,
    Fact,
    Gallery,
    GalleryItem,
    Histogram,
    KeyFacts,
    Link,
    Prose,
    ShownTrial,
    StageAccount,
    StageAccounts,
    Table,
    write_report,
)

from .chromium import open_page, press, requested_urls, started_browser, text_of

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

WIDTHS = """
  for (const image of document.images) image.loading = 'eager';
  return Promise.all([...document.images].map((image) => image.decode().then(() => image.naturalWidth)));
"""


def test_nothing_is_loaded_but_the_file_itself(example: ModuleType, tmp_path: Path) -> None:
    path = example.write_example(tmp_path / "report.html", 30)
    with started_browser(tmp_path / "profile", watches_network=True) as browser:
        open_page(browser, path)
        browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
        press(browser, "Next page")
        urls = [url for url in requested_urls(browser) if not url.startswith("data:")]
        assert urls == [path.as_uri()]
        assert browser.get_log("browser") == []


def test_the_page_is_drawn_and_fits_the_window(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    open_page(browser, example.write_example(tmp_path / "report.html"))
    shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    colours = shot.getcolors(shot.width * shot.height) or []
    assert len(colours) > 100
    assert max(count for count, _ in colours) < 0.95 * shot.width * shot.height
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.execute_script(WIDTHS) == [96] * 12


def test_pointing_at_a_curve_shows_its_value(browser: Any, tmp_path: Path) -> None:
    curves = Curves([Curve("loss", [0, 10, 20], [3.0, 2.0, 1.0])])
    open_page(browser, write_report(tmp_path / "report.html", title="Curve", sections=[curves]))
    script = """
      const drawing = document.querySelector('.curves-figure svg.chart');
      const box = drawing.getBoundingClientRect();
      const at = {clientX: box.left + box.width * 381 / 720, clientY: box.top + 50, bubbles: true};
      drawing.dispatchEvent(new PointerEvent('pointermove', at));
      return document.querySelector('.tip').textContent;
    """
    assert browser.execute_script(script) == "step 10\nloss  2"


def test_arrow_keys_read_a_curve(browser: Any, tmp_path: Path) -> None:
    curves = Curves([Curve("loss", [0, 10, 20], [3.0, 2.0, 1.0])])
    open_page(browser, write_report(tmp_path / "report.html", title="Curve", sections=[curves]))
    plot = browser.find_element("css selector", ".plot")
    plot.send_keys("\ue014")  # arrow right
    assert text_of(browser, ".tip") == "step 0\nloss  3"
    plot.send_keys("\ue010")  # end
    assert text_of(browser, ".tip") == "step 20\nloss  1"
    plot.send_keys("\ue00c")  # escape
    assert not browser.find_element("css selector", ".tip").is_displayed()


HOSTILE = {
    "script": "</script><script>window.owned = 1</script>",
    "handler": "<img src=x onerror='window.owned = 1'>\"'&`",
    "link": "javascript:window.owned=1",
    "comment": "<!-- <script> --!> ]]> {{ 7 * 7 }} {% raw %} ${window.owned = 1}",
    "emoji": "👩‍🚀 ก้็็็็ 漢字 שלום",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_shown_as_text_everywhere_and_never_runs(browser: Any, tmp_path: Path, kind: str) -> None:
    hostile = HOSTILE[kind]
    trial = ShownTrial(text=hostile, answer=hostile, verdict=False, rung=hostile)
    items = [
        GalleryItem(
            id=f"{number} {hostile}",
            image=None,
            question=hostile,
            truth=hostile,
            caption=hostile,
            code=hostile,
            notes=[hostile],
            trials=[trial],
            tags=[hostile, str(number)],
        )
        for number in range(30)  # the last ones are built from data
    ]
    sections = [
        KeyFacts([Fact(hostile, hostile, hostile)]),
        StageAccounts([StageAccount(hostile, 1, 0, {hostile: 1})]),
        Table([hostile], [[hostile]], title=hostile, note=hostile),
        Histogram({hostile: (1, 2), "b": (0, 1)}, x_label=hostile, y_label=hostile),
        Gallery(items, title=hostile),
        Curves([Curve(hostile, [0, 1], [1, 2])], x_label=hostile),
        Prose(f"a `{hostile}` b"),
    ]
    open_page(browser, write_report(tmp_path / "report.html", title=hostile, subtitle=hostile, sections=sections))
    assert browser.title == hostile
    assert text_of(browser, "tbody th bdi") == hostile
    press(browser, "Next page")
    for part in (".truth b", ".question", ".caption", ".item-code", ".item-notes li", ".tag"):
        assert text_of(browser, f".cards {part}") == hostile
    browser.find_elements("css selector", ".cards .picture")[-1].click()
    assert text_of(browser, ".viewer .trial-text") == hostile
    assert text_of(browser, ".viewer .item-id") == f"29 {hostile}"
    data = browser.execute_script("return JSON.parse(document.querySelector('.curve-data').textContent).lines[0].name")
    assert data == hostile
    assert browser.execute_script("return window.owned") is None
    links = browser.execute_script("return [...document.links].map((link) => link.getAttribute('href')[0])")
    assert set(links) == {"#"}
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


def test_the_policy_forbids_scripts_of_others_and_html_from_text(
    browser: Any, example: ModuleType, tmp_path: Path
) -> None:
    open_page(browser, example.write_example(tmp_path / "report.html"))
    attempts = {
        "document.body.innerHTML = '<b>x</b>'": "requires 'TrustedHTML'",
        "new Image().src = 'http://127.0.0.1:9/x.png'": "violates the following Content Security Policy",
        "fetch('http://127.0.0.1:9/')": "violates the following Content Security Policy",
        "document.body.setAttribute('onclick', '1')": "",
    }
    for attempt, complaint in attempts.items():
        browser.get_log("browser")
        said = browser.execute_script(f"try {{ {attempt}; return '' }} catch (error) {{ return String(error) }}")
        logged = " ".join(entry["message"] for entry in browser.get_log("browser"))
        assert said + logged
        assert complaint in said + logged


def test_long_and_unprintable_texts_do_not_stop_the_page(browser: Any, tmp_path: Path) -> None:
    odd = "a\x00b\ud800c\u202etxt.exe\u2066 "
    item = GalleryItem(id=odd * 9, image=None, question="w" * 2**20, truth=odd + "x " * 2**19, tags=[odd, "t" * 2**20])
    sections = [
        Gallery([item] * 30, title="g" * 2**20),
        Table(["a"], [["v" * 2**20]]),
        KeyFacts([Fact("f", "9" * 2**20)]),
    ]
    path = write_report(tmp_path / "report.html", title=odd, sections=sections)
    assert path.stat().st_size < 2**20
    open_page(browser, path)
    assert browser.title == "a�b�c�txt.exe\u2066"
    press(browser, "Next page")
    assert text_of(browser, ".cards .truth b").startswith("a�b�c�txt.exe")
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.get_log("browser") == []


def test_files_and_pictures_with_quotes_in_their_names(browser: Any, tmp_path: Path) -> None:
    name = 'it\'s "a" <b>&amp; 100%#?.png'
    Image.new("RGB", (40, 30), "red").save(tmp_path / name)
    items = [GalleryItem(id=name, image=tmp_path / name)] * 2 + [GalleryItem(id=name, image=tmp_path / f"no {name}")]
    path = write_report(tmp_path / f"{name}.html", title=name, sections=[Gallery(items)])
    open_page(browser, path)
    assert browser.execute_script(WIDTHS) == [40, 40]
    assert text_of(browser, ".item-id") == name
    assert text_of(browser, ".no-picture") == "no picture: missing"


def test_pages_lead_to_one_another_in_a_folder_of_any_name(browser: Any, tmp_path: Path) -> None:
    folder = tmp_path / "a run #1 (100 %)?"
    rows = [("round 1", Link("its page", "round-1/report.html"))]
    above = write_report(folder / "report.html", title="All rounds", sections=[Table(("round", "page"), rows)])
    links = Link("all rounds", "../report.html")
    write_report(folder / "round-1" / "report.html", title="Round 1", sections=[Prose("Fine.")], above=links)
    open_page(browser, above)
    for title, selector in (("Round 1", "td a"), ("All rounds", ".above a")):
        browser.find_element("css selector", selector).click()
        assert text_of(browser, "h1") == title
    assert browser.get_log("browser") == []
