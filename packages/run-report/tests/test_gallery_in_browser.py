"""The gallery in a real browser: filters, orders, search, pages, and the view of one item."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from run_report import Gallery, GalleryItem, ShownTrial, write_report
from run_report.cards import item_to_card
from run_report.gallery_pages import PAGE_ITEMS

from .chromium import keys, open_page, press, search, text_of, visible_cards

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

NAMES = "return [...document.querySelectorAll('.cards .item-id')].map((name) => name.textContent)"


def numbered(count: int) -> list[GalleryItem]:
    """Items item-0, item-1, ...; every third is tagged, item k has k modulo 5 right ones of 4 trials."""
    trials = [[ShownTrial(text=f"t{k}", verdict=bool(j < k % 5)) for j in range(4)] for k in range(count)]
    return [
        GalleryItem(id=f"item-{k}", image=None, truth=str(k), tags=["third"] * (k % 3 == 0), trials=trials[k])
        for k in range(count)
    ]


def open_items(browser: Any, tmp_path: Path, items: list[GalleryItem]) -> None:
    open_page(browser, write_report(tmp_path / "report.html", title="Items", sections=[Gallery(items)]))


def test_filter_buttons_and_search_change_what_is_visible(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    open_page(browser, example.write_example(tmp_path / "report.html"))
    assert visible_cards(browser) == 12
    press(browser, "never right")
    never = visible_cards(browser)
    assert 0 < never < 12
    assert text_of(browser, ".shown") == f"{never} of 12"
    press(browser, "often right")
    assert visible_cards(browser) not in (0, never, 12)
    search(browser, "zebra")
    assert visible_cards(browser) == 0
    assert browser.find_element("css selector", ".nothing").is_displayed()
    assert browser.get_log("browser") == []


def test_trials_unfold_on_this_page_and_the_next(browser: Any, tmp_path: Path) -> None:
    open_items(browser, tmp_path, numbered(PAGE_ITEMS + 1))
    assert not browser.find_element("css selector", ".trial-text").is_displayed()
    press(browser, "show every trial")
    assert browser.find_element("css selector", ".trial-text").is_displayed()
    press(browser, "Next page")
    assert text_of(browser, ".cards .trial-text") == f"t{PAGE_ITEMS}"


def test_pages_turn_and_filters_reach_items_of_all_pages(browser: Any, tmp_path: Path) -> None:
    open_items(browser, tmp_path, numbered(100))
    assert browser.execute_script(NAMES) == [f"item-{k}" for k in range(24)]
    press(browser, "Next page")
    assert browser.execute_script(NAMES) == [f"item-{k}" for k in range(24, 48)]
    press(browser, "third")
    assert text_of(browser, ".shown") == "34 of 100"
    assert browser.execute_script(NAMES) == [f"item-{k}" for k in range(0, 72, 3)]
    number = browser.find_element("css selector", ".page-number")
    number.clear()
    number.send_keys("2\n")
    assert browser.execute_script(NAMES) == [f"item-{k}" for k in range(72, 100, 3)]
    search(browser, "T99")
    assert browser.execute_script(NAMES) == ["item-99"]
    assert not browser.find_element("css selector", ".pager").is_displayed()


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("as given", ["item-0", "item-1", "item-2"]),
        ("most often right first", ["item-4", "item-9", "item-14"]),
        ("least often right first", ["item-0", "item-5", "item-10"]),
        ("by name", ["item-0", "item-1", "item-2"]),  # item-2 before item-10
    ],
)
def test_orders(browser: Any, tmp_path: Path, order: str, first: list[str]) -> None:
    from selenium.webdriver.support.ui import Select

    open_items(browser, tmp_path, numbered(40))
    Select(browser.find_element("css selector", ".order select")).select_by_visible_text(order)
    assert browser.execute_script(NAMES)[:3] == first


def test_a_card_built_from_data_equals_the_card_in_html(browser: Any, example: ModuleType, tmp_path: Path) -> None:
    bare = GalleryItem(id="bare", image=None)
    rich = GalleryItem(
        id="rich",
        image=Image.new("RGB", (300, 20), "red"),
        question="q <b>",
        truth="t",
        caption="c",
        code="a\n  b",
        notes=["n1", "n2"],
        tags=["x", "y"],
        trials=[
            ShownTrial(text="a"),
            ShownTrial(text="b", answer="b", verdict=True, rung="exact", score=0.5),
            ShownTrial(text="c", verdict=False, score=0),
        ],
    )
    kinds = [bare, rich, example.item(3)]
    items = kinds + [GalleryItem(id=str(k), image=None) for k in range(PAGE_ITEMS - 3)] + kinds
    open_items(browser, tmp_path, items)
    script = """
      const plain = (card) => card.outerHTML.replace(/>\\s+/g, ">").replace(/\\s+</g, "<");
      return [...document.querySelectorAll('.cards .card')].map(plain);
    """
    in_html = browser.execute_script(script)[:3]
    press(browser, "Next page")
    assert browser.execute_script(script) == in_html
    decoded = "const image = document.querySelector('.cards img'); return image.decode().then(() => image.naturalWidth)"
    assert browser.execute_script(decoded) == 300


def test_every_picture_is_whole_however_large(browser: Any, tmp_path: Path) -> None:
    noise = Image.effect_noise((360, 300), 90).convert("RGB")
    open_items(browser, tmp_path, [GalleryItem(id=str(k), image=noise) for k in range(PAGE_ITEMS + 2)])
    assert len(item_to_card(GalleryItem(id="a", image=noise), max_side_px=360).picture.url) > 30_000
    script = """
      for (const image of document.images) image.loading = 'eager';
      return Promise.all([...document.images].map((image) => image.decode().then(() => image.naturalWidth)));
    """
    assert browser.execute_script(script) == [360] * PAGE_ITEMS
    press(browser, "Next page")
    assert browser.execute_script(script) == [360] * 2


def test_an_item_opens_and_the_arrow_keys_go_through_what_is_filtered(browser: Any, tmp_path: Path) -> None:
    open_items(browser, tmp_path, numbered(100))
    press(browser, "third")
    browser.find_elements("css selector", ".cards .picture")[PAGE_ITEMS - 1].click()
    assert text_of(browser, ".viewer .item-id") == "item-69"
    assert text_of(browser, ".viewer-place") == "24 of 34"
    assert browser.find_element("css selector", ".viewer .trial-text").is_displayed()
    keys(browser, "ARROW_RIGHT")
    assert text_of(browser, ".viewer .item-id") == "item-72"  # on the next page
    keys(browser, "ARROW_LEFT", "ARROW_LEFT")
    assert text_of(browser, ".viewer .item-id") == "item-66"
    press(browser, "Next →")
    press(browser, "Next →")
    keys(browser, "ESCAPE")
    assert not browser.find_element("css selector", ".viewer").is_displayed()
    assert browser.execute_script("return document.activeElement.textContent.trim()").startswith("Open item-72")
    assert browser.get_log("browser") == []


def test_the_first_and_the_last_item_have_no_further_one(browser: Any, tmp_path: Path) -> None:
    open_items(browser, tmp_path, numbered(2))
    browser.find_elements("css selector", ".cards .picture")[0].click()
    keys(browser, "ARROW_LEFT")
    assert text_of(browser, ".viewer .item-id") == "item-0"
    assert not browser.find_element("css selector", ".viewer-previous").is_enabled()
    keys(browser, "ARROW_RIGHT", "ARROW_RIGHT")
    assert text_of(browser, ".viewer .item-id") == "item-1"
    assert not browser.find_element("css selector", ".viewer-next").is_enabled()
    press(browser, "Close")
    assert not browser.find_element("css selector", ".viewer").is_displayed()


def test_ten_thousand_items_filter_and_search_within_a_blink(browser: Any, tmp_path: Path) -> None:
    open_items(browser, tmp_path, numbered(10_000))
    script = """
      const count = (what) => document.querySelectorAll(what).length;
      const times = ['never', 'third', 'all'].map((name) => {
        const button = [...document.querySelectorAll('.filters button')].find((b) => b.textContent.startsWith(name));
        const started = performance.now();
        button.click();
        document.body.offsetHeight;
        return performance.now() - started;
      });
      return [Math.max(...times), count('*'), count('.cards .card')];
    """
    slowest_ms, n_elements, n_cards = browser.execute_script(script)
    assert slowest_ms < 500  # 100 on an idle machine
    assert n_cards == PAGE_ITEMS
    assert n_elements < 5_000
    search(browser, "t9999")
    assert browser.execute_script(NAMES) == ["item-9999"]


def test_without_scripts_the_first_page_is_read_and_the_rest_is_told(browser: Any, tmp_path: Path) -> None:
    path = write_report(tmp_path / "report.html", title="Items", sections=[Gallery(numbered(30))])
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page(browser, path)
        assert len(browser.find_elements("css selector", ".cards .card")) == PAGE_ITEMS
        assert not browser.find_element("css selector", ".controls").is_displayed()
        assert text_of(browser, "noscript").startswith("6 more items")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
