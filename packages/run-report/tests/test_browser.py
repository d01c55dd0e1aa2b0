"""The page in a real browser: filters work, nothing is loaded, nothing is logged, something is drawn."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from run_report import Curve, Curves, Gallery, GalleryItem, Prose, ShownTrial, write_report

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1180,1400"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def open_page(browser: Any, path: Path) -> None:
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(path.as_uri())


def requested_urls(browser: Any) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def visible_cards(browser: Any) -> int:
    return browser.execute_script("return [...document.querySelectorAll('.card')].filter((c) => c.offsetHeight).length")


def press(browser: Any, text: str) -> None:
    buttons = [b for b in browser.find_elements("css selector", ".gallery-box button") if b.text.startswith(text)]
    assert len(buttons) == 1, f"{text!r} names {len(buttons)} buttons"
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", buttons[0])
    buttons[0].click()


def search(browser: Any, text: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    field = browser.find_element("css selector", "input[type=search]")
    before = browser.find_element("css selector", ".shown").text
    field.clear()
    field.send_keys(text)
    WebDriverWait(browser, 5).until(lambda b: b.find_element("css selector", ".shown").text != before)


def test_filter_buttons_and_search_change_what_is_visible(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    open_page(browser, example.write_example(tmp_path / "report.html"))
    assert visible_cards(browser) == 12
    press(browser, "never right")
    never = visible_cards(browser)
    assert 0 < never < 12
    assert browser.find_element("css selector", ".shown").text == f"{never} of 12"
    press(browser, "often right")
    assert visible_cards(browser) not in (0, never, 12)
    search(browser, "zebra")
    assert visible_cards(browser) == 0
    assert browser.find_element("css selector", ".nothing").is_displayed()
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_trials_unfold(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    open_page(browser, example.write_example(tmp_path / "report.html"))
    assert not browser.find_element("css selector", ".trial-text").is_displayed()
    press(browser, "show every trial")
    assert browser.find_element("css selector", ".trial-text").is_displayed()


def test_nothing_is_loaded_but_the_file_itself(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    path = example.write_example(tmp_path / "report.html")
    open_page(browser, path)
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
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
    sizes = browser.execute_script("return [...document.images].map((i) => i.naturalWidth)")
    assert sizes == [96] * 12


def test_hostile_text_is_shown_as_text_and_never_runs(browser: Any, tmp_path: Path) -> None:
    hostile = "</script><script>window.owned = 1</script><img src=x onerror='window.owned = 1'>\"'&"
    trial = ShownTrial(text=hostile, answer=hostile, verdict=False, rung=hostile)
    item = GalleryItem(
        id=hostile, image=None, question=hostile, truth=hostile, caption=hostile, trials=[trial], tags=[hostile]
    )
    sections = [
        Gallery([item], title=hostile),
        Curves([Curve(hostile, [0, 1], [1, 2])], x_label=hostile),
        Prose(f"`{hostile}`"),
    ]
    open_page(browser, write_report(tmp_path / "report.html", title=hostile, subtitle=hostile, sections=sections))
    assert browser.execute_script("return window.owned") is None
    assert browser.title == hostile
    assert browser.find_element("css selector", ".truth b").text == hostile
    press(browser, "show every trial")
    assert browser.find_element("css selector", ".trial-text").text == hostile
    data = browser.execute_script("return JSON.parse(document.querySelector('.curve-data').textContent).lines[0].name")
    assert data == hostile
    assert [url for url in requested_urls(browser) if url.startswith("http")] == []
    assert browser.get_log("browser") == []


def test_several_hundred_items_filter_quickly(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    items = [example.item(index) for index in range(400)]
    open_page(browser, write_report(tmp_path / "report.html", title="Large", sections=[Gallery(items)]))
    script = """
      const started = performance.now();
      [...document.querySelectorAll('.filters button')].find((b) => b.textContent.startsWith('never')).click();
      document.body.offsetHeight;
      return [performance.now() - started, document.querySelectorAll('.card:not([hidden])').length];
    """
    took_ms, shown = browser.execute_script(script)
    assert 0 < shown < 400
    assert took_ms < 1500


def test_pointing_at_a_curve_shows_its_value(browser: Any, tmp_path: Path) -> None:
    curves = Curves([Curve("loss", [0, 10, 20], [3.0, 2.0, 1.0])])
    open_page(browser, write_report(tmp_path / "report.html", title="Curve", sections=[curves]))
    script = """
      const drawing = document.querySelector('.curves-figure svg');
      const box = drawing.getBoundingClientRect();
      const at = {clientX: box.left + box.width * 381 / 720, clientY: box.top + 50, bubbles: true};
      drawing.dispatchEvent(new PointerEvent('pointermove', at));
      return document.querySelector('.tip').textContent;
    """
    assert browser.execute_script(script) == "step 10\nloss  2"
