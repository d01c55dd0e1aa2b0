"""A real browser for the tests: opens pages of files, tells what they asked for and logged."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1180,1400"
)


@contextmanager
def started_browser(profile: Path, *, watches_network: bool = False) -> Iterator[Any]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)")
    pytest.importorskip("selenium", reason="selenium is not installed (pip install selenium)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    logs = ("browser", "performance") if watches_network else ("browser",)
    options.set_capability("goog:loggingPrefs", dict.fromkeys(logs, "ALL"))
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.get("about:blank")
        if watches_network:
            driver.get_log("performance")  # of the browser's own first page
        yield driver
    finally:
        driver.quit()


def open_page(browser: Any, path: Path, *, dark: bool = False, size_wh: tuple[int, int] = (1180, 1400)) -> None:
    """Open a file as a reader with that system theme and window would."""
    browser.get_log("browser")
    features = [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": size_wh[0], "height": size_wh[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(path.as_uri())


def requested_urls(browser: Any) -> list[str]:
    """Of a browser that was started to watch the network."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def visible_cards(browser: Any) -> int:
    script = "return [...document.querySelectorAll('.cards .card')].filter((c) => c.offsetHeight).length"
    return browser.execute_script(script)


def press(browser: Any, text: str) -> None:
    """Click the only visible button that starts with a text."""
    buttons = [b for b in browser.find_elements("css selector", "button") if b.text.startswith(text)]
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


def keys(browser: Any, *names: str) -> None:
    """Press keys where the focus is, such as `ARROW_RIGHT`."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    for name in names:
        ActionChains(browser).send_keys(getattr(Keys, name)).perform()


def text_of(browser: Any, selector: str) -> str:
    return browser.find_element("css selector", selector).text
