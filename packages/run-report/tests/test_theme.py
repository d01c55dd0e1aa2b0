"""Light and dark: as the system wants, or as the reader chose."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_report import Prose, write_report

from .chromium import open_page, press

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

LIGHT, DARK = "rgb(247, 248, 249)", "rgb(16, 19, 22)"


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Path]:
    path = write_report(tmp_path / "report.html", title="Theme", sections=[Prose("Words.")])
    yield path
    open_page(browser, path)
    browser.execute_script("localStorage.clear()")


def background(browser: Any) -> str:
    return browser.execute_script("return getComputedStyle(document.body).backgroundColor")


def pressed(browser: Any) -> str:
    return browser.find_element("css selector", ".theme").get_attribute("aria-pressed")


def test_the_page_follows_the_system(browser: Any, page: Path) -> None:
    open_page(browser, page)
    assert (background(browser), pressed(browser)) == (LIGHT, "false")
    open_page(browser, page, dark=True)
    assert (background(browser), pressed(browser)) == (DARK, "true")


def test_a_choice_is_remembered_until_it_is_that_of_the_system(browser: Any, page: Path) -> None:
    open_page(browser, page)
    press(browser, "Dark theme")
    assert (background(browser), pressed(browser)) == (DARK, "true")
    open_page(browser, page)
    assert (background(browser), pressed(browser)) == (DARK, "true")
    press(browser, "Dark theme")
    assert background(browser) == LIGHT
    assert browser.execute_script("return localStorage.length") == 0
    open_page(browser, page, dark=True)
    assert background(browser) == DARK


def test_a_kept_theme_is_there_before_anything_is_drawn(browser: Any, page: Path) -> None:
    open_page(browser, page)
    press(browser, "Dark theme")
    watch = """
      const seen = (self.seen = []);
      new MutationObserver(() => document.body && seen.push(getComputedStyle(document.body).backgroundColor))
        .observe(document, {childList: true, subtree: true});
    """
    watcher = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": watch})
    open_page(browser, page)
    seen = set(browser.execute_script("return self.seen"))
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": watcher["identifier"]})
    assert seen == {DARK}


def test_where_storage_is_forbidden_the_button_works_all_the_same(browser: Any, page: Path) -> None:
    forbid = "Object.defineProperty(self, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    watcher = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": forbid})
    open_page(browser, page)
    press(browser, "Dark theme")
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": watcher["identifier"]})
    assert background(browser) == DARK
    assert browser.get_log("browser") == []
