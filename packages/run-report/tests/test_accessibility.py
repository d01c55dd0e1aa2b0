"""Readers with a keyboard, a screen reader, weak eyes or a narrow window."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from run_report import Curve, Curves, Gallery, Histogram, Section, Table, write_report

from .chromium import keys, open_page, press, text_of

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(example: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with more items, six lines and six series, and an untitled section."""
    sections: list[Section] = [
        *example.sections(30),
        Curves([Curve(f"line {k}", [0, 1, 2], [k, k + 1, k]) for k in range(6)], title="Six lines"),
        Histogram({f"series {k}": (k, 1, 2) for k in range(6)}, title="Six series"),
        Table(("", "a"), [(f"row {k}", k) for k in range(30)], title=""),
        Gallery([]),
    ]
    path = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(path, title="Everything", subtitle="Below the title.", sections=sections)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("state", ["at first", "unfolded", "item open"])
def test_the_audit_finds_nothing(browser: Any, page: Path, dark: bool, state: str) -> None:
    open_page(browser, page, dark=dark)
    if state == "unfolded":
        press(browser, "Next page")
        press(browser, "show every trial")
        browser.execute_script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    if state == "item open":
        browser.find_element("css selector", ".cards .picture").click()
    found = browser.execute_script(AUDIT)
    assert found["problems"] == []
    assert found["n_texts"] > 300


def test_the_audit_finds_what_is_wrong(browser: Any, page: Path) -> None:
    open_page(browser, page)
    spoil = """
      document.querySelector('.note').style.color = '#999';
      document.querySelector('.cards img').alt = '';
      document.querySelector('h2').remove();
      document.querySelector('caption').remove();
      document.querySelector('th').removeAttribute('scope');
      document.querySelector('.unfold').textContent = '';
      document.querySelector('.theme').setAttribute('role', 'buton');
    """
    browser.execute_script(spoil)
    problems = "\n".join(browser.execute_script(AUDIT)["problems"])
    expected = ("a contrast of 2.", "no alternative text", "labelled by nothing", "no caption", "no scope", "no name")
    for problem in (*expected, "an unknown role"):
        assert problem in problems


FOCUSED = """
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return [at.classList[0] ?? at.tagName, seen, box.bottom > 0 && box.top < innerHeight];
"""


def test_every_tab_stop_shows_its_focus_and_is_in_the_window(browser: Any, page: Path) -> None:
    open_page(browser, page)
    stops: list[str] = []
    for _ in range(45):
        keys(browser, "TAB")
        name, is_seen, is_inside = browser.execute_script(FOCUSED)
        assert (is_seen, is_inside) == (True, True), f"{name} after {stops}"
        stops.append(name)
    assert stops[:3] == ["skip", "theme", "A"]
    assert {"plot", "unfold", "picture", "SUMMARY"} <= set(stops)


def test_the_skip_link_leads_past_the_list_of_sections(browser: Any, page: Path) -> None:
    open_page(browser, page)
    keys(browser, "TAB", "ENTER", "TAB")
    assert browser.execute_script("return document.activeElement.closest('main') !== null")


def test_the_whole_gallery_works_by_keyboard(browser: Any, page: Path) -> None:
    open_page(browser, page)
    press(browser, "never right")
    browser.execute_script("document.querySelector('.cards .picture').focus()")
    first = text_of(browser, ".cards .item-id")
    keys(browser, "ENTER")
    assert text_of(browser, ".viewer .item-id") == first
    for _ in range(8):  # the page behind cannot be reached
        keys(browser, "TAB")
        assert browser.execute_script("return document.activeElement.closest('.viewer, main, header') !== null") is (
            browser.execute_script("return document.activeElement.closest('.viewer') !== null")
        )
    keys(browser, "ESCAPE")
    assert browser.execute_script("return document.activeElement.matches('.cards .picture')")


def test_counts_are_told_when_filters_change(browser: Any, page: Path) -> None:
    open_page(browser, page)
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    statuses = [node for node in nodes if node.get("role", {}).get("value") == "status"]
    assert statuses
    live = [p["value"]["value"] for node in statuses for p in node["properties"] if p["name"] == "live"]
    assert set(live) == {"polite"}


@pytest.mark.parametrize("width", [320, 390, 640, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, page: Path, width: int) -> None:
    open_page(browser, page, size_wh=(width, 900))  # 640 is 1280 at 200 %, 320 at 400 %
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_long_tables_and_wide_ones_scroll_by_keyboard(browser: Any, page: Path) -> None:
    open_page(browser, page, size_wh=(390, 900))
    scrolls = "const scrolls = (s) => s.checkVisibility() && s.scrollWidth > s.clientWidth;"
    script = f"{scrolls} return [...document.querySelectorAll('.scroll')].filter(scrolls).map((s) => s.tabIndex)"
    found = browser.execute_script(script)
    assert len(found) > 3
    assert set(found) == {0}


def test_print_shows_data_without_controls_in_light(browser: Any, page: Path) -> None:
    open_page(browser, page, dark=True)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = "return arguments[0].filter((one) => document.querySelector(one).offsetHeight)"
        assert browser.execute_script(shown, [".controls", ".contents", ".theme", ".pager", ".cards"]) == [".cards"]
        assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert browser.find_element("css selector", ".cards .card").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
